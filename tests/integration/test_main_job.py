"""Rows that the Hub left pending become active, with a site, a certificate and a Matomo entry behind each."""

import hashlib


def document_root(owner, domain):
    return f"/home/{owner}/htdocs/{domain}"


def assert_active(sandbox, server, site_id, domain, owner):
    """The row, the server's disk and panel, the certificate and Matomo all say the same."""
    row = sandbox.site(site_id)
    assert row["status_hosting"] == "active", row
    assert row["error_message"] is None
    assert row["hosting_doc_root"] == document_root(owner, domain)
    assert server.sites()[domain] == owner
    assert server.exists(document_root(owner, domain))
    assert f"root {document_root(owner, domain)}" in server.vhost(domain)
    assert f"DNS:{domain}" in server.certificate(domain)
    urls = {site["idsite"]: site["urls"] for site in sandbox.matomo.sites()}
    assert urls[row["matomo_site_id"]] == [f"https://{domain}"]
    assert list(urls.values()).count([f"https://{domain}"]) == 1


def test_a_site_goes_all_the_way(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 0, run.log
    assert run.out == "1 active, 0 failed, 0 waiting\n"
    assert_active(sandbox, server, site, domain, "user_" + domain.replace(".", ""))
    assert [call.command for call in server.calls()] == ["site:add:static", "lets-encrypt:install:certificate"]


def test_domains_that_look_alike_get_different_owners(sandbox, server, automator):
    long_one = "a-very-long-name-for-a-small-web-shop-one.com"
    long_two = "a-very-long-name-for-a-small-web-shop-two.com"
    domains = ["my-shop.com", long_one, long_two, "foo.com", "fooc.om"]
    ids = dict(zip(domains, sandbox.add_sites(domains, server)))
    assert automator.once().code == 0

    def hashed(domain):
        digest = hashlib.sha256(domain.encode()).hexdigest()[:8]
        return "user_" + domain.replace(".", "")[:18] + "_" + digest
    owners = server.sites()
    assert owners["my-shop.com"] == "user_my-shopcom"
    assert owners[long_one] == hashed(long_one) and owners[long_two] == hashed(long_two)
    # Whichever of the two comes first has the plain name.
    assert {owners["foo.com"], owners["fooc.om"]} in ({"user_foocom", hashed("foo.com")},
                                                     {"user_foocom", hashed("fooc.om")})
    assert len(set(owners.values())) == len(domains)
    for domain, site in ids.items():
        assert_active(sandbox, server, site, domain, owners[domain])


def test_upper_case_and_unicode_have_one_form(sandbox, server, automator):
    upper = sandbox.add_site(" Upper-Case.COM ", server)
    unicode = sandbox.add_site("käse-laden.example", server)
    assert automator.once().code == 0
    assert_active(sandbox, server, upper, "upper-case.com", "user_upper-casecom")
    assert_active(sandbox, server, unicode, "xn--kse-laden-v2a.example", "user_xn--kse-laden-v2aexample")


def test_hostile_domains_fail_and_reach_no_shell(sandbox, server, automator):
    hostile = ["x;touch /tmp/pwned.com", "$(touch /tmp/pwned).com", "a'b.com", "a\nb.com", "-rf.com", "x" * 20_000]
    ids = sandbox.add_sites(hostile, server)
    good = sandbox.add_site("between-the-hostile.com", server)
    run = automator.once()
    assert run.code == 1
    for site in ids:
        row = sandbox.site(site)
        assert row["status_hosting"] == "failed"
        assert row["error_message"].startswith("E_DOMAIN_INVALID: the domain '")
        assert len(row["error_message"]) <= 500 and "\n" not in row["error_message"]
        assert row["hosting_doc_root"] is None
    assert sandbox.site(good)["status_hosting"] == "active"
    assert not server.exists("/tmp/pwned.com") and not server.exists("/tmp/pwned")
    assert len(server.calls()) == 2


def test_twenty_sites_one_login_no_overlap(sandbox, automator, new_domain):
    servers = [sandbox.add_server(), sandbox.add_server()]
    for server in servers:
        sandbox.add_sites([new_domain() for _ in range(10)], server)
    run = automator.once()
    assert run.code == 0, run.log
    assert run.out.splitlines()[-1].startswith("20 active, ")
    for server in servers:
        assert len(server.accepted_logins()) == 1
        assert server.overlaps() == []
        assert len(server.sites()) == 10


def test_two_rows_of_one_server_share_one_login(sandbox, server, automator, new_domain):
    twin = sandbox.sql("insert into servers (name, ip_address, ssh_port, ssh_user, ssh_private_key, is_active) "
                       "select 'twin', ip_address, ssh_port, ssh_user, ssh_private_key, true from servers "
                       "returning id")[0]["id"]
    sandbox.add_site(new_domain(), server)
    sandbox.add_site(new_domain(), twin)
    assert automator.once().code == 0
    assert len(server.accepted_logins()) == 1
    assert server.overlaps() == []


def test_a_site_that_exists_with_a_good_certificate_costs_no_command(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    calls = len(server.calls())
    certificate = server.certificate(domain)
    sandbox.sql("update sites set status_hosting = 'pending', hosting_doc_root = null where id = %s", site)
    assert automator.once().code == 0
    assert len(server.calls()) == calls
    assert server.certificate(domain) == certificate
    assert_active(sandbox, server, site, domain, "user_" + domain.replace(".", ""))


def test_a_site_that_somebody_else_made_is_adopted(sandbox, server, automator, new_domain):
    domain = new_domain()
    assert server.clpctl("site:add:static", f"--domainName={domain}", "--siteUser=john",
                         "--siteUserPassword=Secret123").returncode == 0
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 0
    assert_active(sandbox, server, site, domain, "john")
    assert run.lines(r"^<4>the site existed already and belongs to john")


def test_a_vhost_of_a_system_user_is_refused(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.path(f"/etc/nginx/sites-enabled/{domain}.conf").write_text("server {\n  root /var/www/html;\n}\n")
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 1
    assert sandbox.site(site)["error_message"].startswith(
        "E_SITE_OWNER: the site exists on the server with the root '/var/www/html'")
    assert server.calls() == []


def test_a_site_without_a_server_goes_to_the_default_or_the_only_one(sandbox, server, automator, new_domain):
    site = sandbox.add_site(new_domain())
    assert automator.once().code == 0
    assert sandbox.site(site)["status_hosting"] == "active"
    other = sandbox.add_server()
    ambiguous = sandbox.add_site(new_domain())
    assert automator.once().code == 1
    assert sandbox.site(ambiguous)["error_message"].startswith("E_SERVER_AMBIGUOUS: ")
    by_name = sandbox.add_site(new_domain())
    assert automator.once(cloudpanel={"default_server": other.name}).code == 0
    assert sandbox.site(by_name)["status_hosting"] == "active"
    assert len(other.sites()) == 1


def test_a_paused_server_is_left_alone(sandbox, automator, new_domain):
    paused = sandbox.add_server(is_active=False)
    active = sandbox.add_server()
    waiting = sandbox.add_site(new_domain(), paused)
    done = sandbox.add_site(new_domain(), active)
    run = automator.once()
    assert run.code == 1
    assert "1 active, 0 failed, 1 waiting" in run.out and "its server is paused" in run.out
    assert sandbox.site(waiting)["status_hosting"] == "pending"
    assert sandbox.site(done)["status_hosting"] == "active"
    assert paused.connections() == []


def test_only_pending_rows_with_active_dns_are_touched(sandbox, server, automator, new_domain):
    others = [sandbox.add_site(new_domain(), server, status_dns="pending"),
              sandbox.add_site(new_domain(), server, status_hosting="failed", error_message="E_X: old"),
              sandbox.add_site(new_domain(), server, status_hosting="active")]
    before = [sandbox.site(site) for site in others]
    assert automator.once().code == 0
    assert [sandbox.site(site) for site in others] == before
    assert server.connections() == []


def test_a_named_row_is_done_whatever_its_state(sandbox, server, automator, new_domain):
    failed = sandbox.add_site(new_domain(), server, status_hosting="failed", error_message="E_X: old")
    other = sandbox.add_site(new_domain(), server)
    assert automator.once("--site", failed).code == 0
    assert sandbox.site(failed)["status_hosting"] == "active"
    assert sandbox.site(failed)["error_message"] is None
    assert sandbox.site(other)["status_hosting"] == "pending"
    unknown = automator.once("--site", "00000000-0000-0000-0000-000000000000")
    assert unknown.code == 1 and "no site has the id" in unknown.log
