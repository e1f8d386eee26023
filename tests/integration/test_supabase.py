"""The way to Supabase: keys, TLS, pages, schemas, outages, and answers that are none."""

import itertools

import pytest
from hosting_sandbox.waiting import wait_for


def test_https_with_the_ca_named(sandbox, server, automator, new_domain):
    sandbox.add_site(new_domain(), server)
    assert automator.once(supabase={"url": sandbox.https_url, "ca_file": sandbox.ca_file}).code == 0


def test_https_with_the_ca_in_the_environment(sandbox, server, automator, new_domain):
    automator.environment["SSL_CERT_FILE"] = str(sandbox.ca_file)
    sandbox.add_site(new_domain(), server)
    assert automator.once(supabase={"url": sandbox.https_url}).code == 0


@pytest.mark.parametrize("case", ["other CA", "no CA", "other host"])
def test_a_certificate_that_does_not_fit_is_refused(sandbox, server, automator, new_domain, case):
    site = sandbox.add_site(new_domain(), server)
    before = sandbox.site(site)
    settings = {"other CA": {"url": sandbox.https_url, "ca_file": sandbox.other_ca_file},
                "no CA": {"url": sandbox.https_url},
                "other host": {"url": sandbox.https_wrong_host_url, "ca_file": sandbox.ca_file}}[case]
    requests = len(sandbox.requests())
    run = automator.once(supabase=settings)
    assert run.code == 3
    assert run.lines(r"^<3>Supabase cannot be used: .*certificate")
    assert sandbox.site(site) == before
    assert len(sandbox.requests()) == requests  # no request, and so no key, was sent


def test_both_kinds_of_key(sandbox, server, automator, new_domain):
    for key in (sandbox.service_key, sandbox.jwt_key, f"  {sandbox.service_key}\n"):
        sandbox.add_site(new_domain(), server)
        assert automator.once(supabase={"service_key": key.replace("\n", " ")}).code == 0


@pytest.mark.parametrize("key, sentence", [
    ("sb_secret_wrong", "Supabase cannot be used: .*key"),
    ("eyJhbGciOiJIUzI1NiJ9.e30.x", "Supabase cannot be used: .*key"),
])
def test_a_wrong_key_is_told_apart_from_no_work(sandbox, server, automator, new_domain, key, sentence):
    site = sandbox.add_site(new_domain(), server)
    run = automator.once(supabase={"service_key": key})
    assert run.code == 3
    assert run.lines("^<3>" + sentence), run.log
    assert key not in run.log
    assert sandbox.site(site)["status_hosting"] == "pending"


def test_a_key_without_rights_is_told_apart_from_no_work(sandbox, server, automator, new_domain):
    sandbox.add_site(new_domain(), server)
    run = automator.once(supabase={"service_key": sandbox.anon_key})
    assert run.code == 3
    assert run.lines("^<3>Supabase shows no server at all: the table is empty, or the key has no rights")


def test_a_key_that_sees_no_servers_fails_no_site(sandbox, server, automator, new_domain):
    site = sandbox.add_site(new_domain())
    sandbox.sql("delete from servers")
    run = automator.once()
    assert run.code == 3
    assert sandbox.site(site)["status_hosting"] == "pending"


def test_no_work_is_no_error(sandbox, server, automator):
    run = automator.once()
    assert (run.code, run.out) == (0, "0 active, 0 failed, 0 waiting\n")
    assert server.connections() == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no-such-host.invalid"])
def test_an_unreachable_url_names_itself(automator, sandbox, url):
    run = automator.once(supabase={"url": url})
    assert run.code == 3
    assert run.lines("^<3>Supabase cannot be used: .*" + url.split("//")[1].split(":")[0])


def test_a_wrong_path_is_named(automator, sandbox):
    run = automator.once(supabase={"url": sandbox.url + "/nowhere"})
    assert run.code == 3 and run.lines("^<3>Supabase cannot be used: ")


@pytest.mark.parametrize("answer", ["html_200", "empty_200", "broken_json", "html_503", "520", "402", "540", "invalid_key"])
def test_answers_that_are_none_change_nothing(sandbox, server, automator, new_domain, answer):
    site = sandbox.add_site(new_domain(), server)
    before = sandbox.site(site)
    sandbox.canned.give(answer)
    run = automator.once()
    assert run.code == 3
    assert len(run.lines("^<3>Supabase cannot be used: ")) == 1
    sandbox.canned.stop()
    assert sandbox.site(site) == before
    assert server.connections() == []


def test_the_daemon_outlives_an_outage_and_says_so_twice(sandbox, server, automator, new_domain):
    sandbox.canned.give("html_503")
    daemon = automator.start()
    daemon.wait_log("Supabase cannot be used")
    site = sandbox.add_site(new_domain(), server)
    sandbox.canned.stop()
    sandbox.wait_for_sites(30, ids=[site])
    run = daemon.stop()
    assert run.code == 0
    assert len(run.lines("Supabase cannot be used")) == 1
    assert len(run.lines("Supabase is back")) == 1


def test_the_reply_to_the_update_is_lost(sandbox, server, automator, new_domain):
    site = sandbox.add_site(new_domain(), server)
    sandbox.canned.give("520", methods=["PATCH"], times=1, after=True)
    run = automator.once()
    assert run.code == 0, run.log
    assert sandbox.site(site)["status_hosting"] == "active"


def test_the_update_is_refused_for_a_while(sandbox, server, automator, new_domain):
    site = sandbox.add_site(new_domain(), server)
    sandbox.canned.give("html_503", methods=["PATCH"], times=2)
    run = automator.once()
    assert run.code == 0, run.log
    assert sandbox.site(site)["status_hosting"] == "active"
    assert len(server.calls()) == 2


def test_all_of_1500_pending_rows_are_seen(sandbox, server, automator):
    # The server's page is 1,000 rows; the names are bad so that nothing but the rows is worked on.
    ids = sandbox.add_sites([f"bad_name_{i}.com" for i in range(1_500)], server)
    run = automator.once(supabase={"page_size": 1000})
    assert run.out.splitlines()[-1] == "0 active, 1500 failed, 0 waiting"  # a slow one tells of its progress before
    states = sandbox.sql("select status_hosting, count(*) from sites group by 1")
    assert [(row["status_hosting"], row["count"]) for row in states] == [("failed", len(ids))]


def test_a_steady_poll_is_one_request_on_one_connection(sandbox, server, automator):
    sandbox.gateway.forget_requests()
    daemon = automator.start()

    def polls():  # from the second on: behind the first one the servers are read, to tell "no work" from "wrong key"
        asked = list(itertools.dropwhile(lambda request: "/sites?" not in request["uri"], sandbox.requests()))
        return list(itertools.dropwhile(lambda request: request["uri"] != asked[0]["uri"], asked[1:]))
    wait_for(lambda: len(polls()) >= 10, 30, "ten polls were made")
    steady = polls()
    assert daemon.stop().code == 0
    assert all(request["method"] == "GET" and "/sites?" in request["uri"] for request in steady), [r["uri"] for r in steady]
    assert len({request["connection"] for request in steady}) == 1


def test_dry_run_changes_nothing(sandbox, server, automator, new_domain):
    domains = [new_domain(), "x;touch /tmp/pwned.com", new_domain()]
    sandbox.add_sites(domains, server)
    assert server.clpctl("site:add:static", f"--domainName={domains[2]}", "--siteUser=john",
                         "--siteUserPassword=Secret123").returncode == 0
    rows, disk, matomo = sandbox.sql("select * from sites order by id"), server.snapshot("/etc", "/home", "/run/lock"), \
        sandbox.matomo.sites()
    calls, state = len(server.calls()), list(automator.state.rglob("*"))
    run = automator.once("--dry-run")
    assert run.code == 1  # the hostile one would fail
    assert f"{domains[0]} on {server.name}: would create the site, owned by user_" in run.out
    assert "would not go on: E_DOMAIN_INVALID" in run.out
    assert f"{domains[2]} on {server.name}: the site exists, owned by john; would order a certificate: it is " \
           "self-signed; would be registered in Matomo" in run.out
    assert sandbox.sql("select * from sites order by id") == rows
    assert server.snapshot("/etc", "/home", "/run/lock") == disk
    assert sandbox.matomo.sites() == matomo
    assert list(automator.state.rglob("*")) == state
    assert len(server.calls()) == calls
