"""The stand-in against the reference page on clpctl: texts, streams, exit codes, and state on disk."""

import json
import re
import signal
import stat
import subprocess
import threading

import pytest

from hosting_sandbox import wait_for

PASSWORD = "Abcdefgh12345678"
ADD = "site:add:static"
CERTIFICATE = "lets-encrypt:install:certificate"
DELETE = "site:delete"


class Site:
    """A site's three options, so that tests name only what matters."""

    def __init__(self, server, domain, user):
        self.server, self.domain, self.user = server, domain, user

    def add(self, domain=None, user=None, password=PASSWORD):
        return self.server.clpctl(ADD, f"--domainName={domain or self.domain}", f"--siteUser={user or self.user}",
                                  f"--siteUserPassword={password}")

    def certify(self, *options):
        return self.server.clpctl(CERTIFICATE, f"--domainName={self.domain}", *options)

    @property
    def vhost(self):
        return f"/etc/nginx/sites-enabled/{self.domain}.conf"

    @property
    def installed(self):
        return f"/etc/nginx/ssl-certificates/{self.domain}.crt"


@pytest.fixture
def site(server, new_name):
    name = new_name()
    return Site(server, f"{name}.example.com", f"user_{name}")


@pytest.fixture
def added(site):
    assert site.add().returncode == 0
    return site


def said(result):
    """(stdout, stderr, exit code)."""
    return result.stdout, result.stderr, result.returncode


def refused(text):
    """A handled error: a line on stdout and exit 1."""
    return text + "\n", "", 1


# --- site:add:static: what it says ------------------------------------------------------------------------------

def test_a_site_is_added(site):
    assert said(site.add()) == (f"Site {site.domain} has been added.\n", "", 0)


def test_options_may_stand_apart_from_their_values(site):
    result = site.server.clpctl(ADD, "--domainName", site.domain, "--siteUser", site.user, "--siteUserPassword", PASSWORD)
    assert said(result) == (f"Site {site.domain} has been added.\n", "", 0)


def test_a_repeated_call_prints_both_violations(added):
    assert said(added.add()) == refused("domainName: This value already exists.\nsiteUser: This value already exists.")


def test_a_taken_domain(added, new_name):
    assert said(added.add(user="user_" + new_name())) == refused("domainName: This value already exists.")


def test_a_taken_user(added, new_name):
    assert said(added.add(domain=new_name() + ".example.com")) == refused("siteUser: This value already exists.")


def test_a_bare_domain_is_taken_by_its_www_name_but_not_the_reverse(server, new_name):
    first, second = new_name(), new_name()
    assert Site(server, f"www.{first}.com", f"u_{first}").add().returncode == 0
    assert said(Site(server, f"{first}.com", f"v_{first}").add()) == refused("domainName: This value already exists.")
    assert Site(server, f"{second}.com", f"u_{second}").add().returncode == 0
    assert Site(server, f"www.{second}.com", f"v_{second}").add().returncode == 0


@pytest.mark.parametrize("domain", [
    "nodots", "a..com", "-a.com", "a-.com", "a.c", "a.xn--p1ai", "x;touch /tmp/pwned.com", "a.123", "a b.com",
    "a." + "t" * 15, "a/b.com"])
def test_a_bad_domain(site, domain):
    assert said(site.add(domain=domain)) == refused("domainName: This value is not valid.")


@pytest.mark.parametrize("label", ["xn--bcher-kva", "a-b", "bücher", "0"])
def test_a_label_that_passes(site, label):
    domain = f"{label}.{site.domain}"
    assert said(site.add(domain=domain)) == (f"Site {domain} has been added.\n", "", 0)


def test_a_domain_is_at_most_128_long(site):
    domain = "a" * 50 + "." + "b" * 50 + "." + "c" * 24 + ".com"
    assert len(domain) == 130
    assert said(site.add(domain=domain)) == refused(
        "domainName: This value is too long. It should have 128 characters or less.")


def test_the_domain_is_trimmed_and_lowercased(site):
    assert said(site.add(domain=f" {site.domain.upper()} ")) == (f"Site {site.domain} has been added.\n", "", 0)
    assert site.server.exists(site.vhost)


@pytest.mark.parametrize("user", ["1abc", "a.b", "_abc", "a b"])
def test_a_bad_user(site, user):
    assert said(site.add(user=user)) == refused("siteUser: This value is not valid.")


def test_the_users_length(site):
    assert said(site.add(user="ab")) == refused(
        "siteUser: This value is too short. It should have 3 characters or more.")
    assert said(site.add(user="a" * 33)) == refused(
        "siteUser: This value is too long. It should have 32 characters or less.")
    assert site.add(user="u" * 32).returncode == 0


def test_the_passwords_length(site):
    assert said(site.add(password="1234567")) == refused(
        "siteUserPassword: This value is too short. It should have 8 characters or more.")
    assert said(site.add(password="p" * 201)) == refused(
        "siteUserPassword: This value is too long. It should have 200 characters or less.")
    assert site.add(password="p" * 200).returncode == 0


@pytest.mark.parametrize("missing", ["domainName", "siteUser", "siteUserPassword"])
@pytest.mark.parametrize("form", ["absent", "empty"])
def test_an_option_absent_or_empty(site, missing, form):
    values = {"domainName": site.domain, "siteUser": site.user, "siteUserPassword": PASSWORD}
    values[missing] = ""
    options = [f"--{name}={value}" for name, value in values.items() if value or form == "empty"]
    assert said(site.server.clpctl(ADD, *options)) == refused(f'The "--{missing}" option requires a value.')


def test_an_ip_address_as_domain(site):
    assert said(site.add(domain="1.2.3.4")) == refused("The domain `1.2.3.4` is invalid: this is an IPv4 host.")


@pytest.mark.parametrize("group", ["sudo", "users"])
def test_a_groups_name_passes_validation_and_fails_in_useradd(site, group):
    result = site.add(user=group)
    assert result.returncode == 1
    errors = f"useradd: group {group} exists - if you want to add this user to that group, use -g."
    assert re.fullmatch(rf'Command " : /usr/bin/sudo /usr/sbin/useradd .* {group}" failed, error message: '
                        rf"{re.escape(errors)} {re.escape(errors)}\n", result.stdout)
    assert not site.server.exists(site.vhost)


# --- site:add:static: what it does ------------------------------------------------------------------------------

def test_what_a_new_site_leaves_on_disk(added):
    server, home = added.server, f"/home/{added.user}"
    root = f"{home}/htdocs/{added.domain}"
    owner = server.path(home).stat().st_uid
    assert re.search(rf"^{added.user}:x:{owner}:\d+::{home}:/bin/bash$", server.read("/etc/passwd"), re.MULTILINE)
    assert server.path(root).stat().st_uid == owner
    assert stat.S_IMODE(server.path(root).stat().st_mode) == 0o770
    assert "Hello World" in server.read(f"{root}/index.html")
    assert re.findall(r"^ *root (.*);$", server.vhost(added.domain), re.MULTILINE) == [root]
    assert "{{" not in server.vhost(added.domain)
    assert home in server.read(f"/etc/logrotate.d/{added.user}")
    assert server.read(f"/etc/nginx/ssl-certificates/{added.domain}.key").startswith("-----BEGIN")
    assert server.sites()[added.domain] == added.user


def test_a_new_site_has_a_self_signed_certificate(added):
    shown = subprocess.run(["openssl", "x509", "-noout", "-issuer", "-subject", "-text", "-in",
                            added.server.path(added.installed)], check=True, capture_output=True, text=True).stdout
    issuer, subject = shown.splitlines()[:2]
    assert issuer.removeprefix("issuer=") == subject.removeprefix("subject=")
    assert f"CN = {added.domain}" in subject and "(4096 bit)" in shown


def test_the_password_is_stored_as_the_wrapper_left_it(site):
    site.add(password='se$HOME"cret`id`\\x1')  # CE#798
    crypted = next(line.split(":")[1] for line in site.server.read("/etc/shadow").splitlines()
                   if line.startswith(site.user + ":"))
    salt = crypted[:crypted.rindex("$") + 1]
    expected = _crypted("secretx1", salt)
    assert crypted == expected


def _crypted(password, salt):
    return subprocess.run(["/usr/bin/python3", "-W", "ignore", "-c",
                           "import crypt, sys; print(crypt.crypt(sys.argv[1], sys.argv[2]))", password, salt],
                          check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("step, expected", [
    ("self_signed", []), ("useradd", ["user"]), ("htdocs", ["user", "htdocs"]),
    ("certificate_files", ["user", "htdocs", "certificate"]), ("vhost", ["user", "htdocs", "certificate", "vhost"]),
    ("permissions", ["user", "htdocs", "certificate", "vhost"]),
    ("row", ["user", "htdocs", "certificate", "vhost", "row"])])
def test_nothing_is_rolled_back(site, knob, step, expected):
    knob(command=ADD, domain=site.domain, fail_after=step)
    result = site.add()
    assert result.returncode == 1 and result.stdout.startswith('Command " : /usr/bin/sudo ')
    server = site.server
    there = {"user": f"\n{site.user}:" in server.read("/etc/passwd"),
             "htdocs": server.exists(f"/home/{site.user}/htdocs/{site.domain}"),
             "certificate": server.exists(site.installed), "vhost": server.exists(site.vhost),
             "row": site.domain in server.sites()}
    assert [name for name, is_there in there.items() if is_there] == expected


def test_a_half_made_sites_user_is_taken(site, knob):
    knob(domain=site.domain, fail_after="vhost", times=1)
    site.add()
    assert said(site.add()) == refused("siteUser: This value already exists.")
    knob(domain=site.domain, user_check="panel")  # where only the panel's own rows are asked
    assert "useradd: user" in site.add().stdout


# --- certificates -----------------------------------------------------------------------------------------------

def test_a_certificate_is_installed(added):
    assert said(added.certify()) == ("Certificate installation was successful.\n", "", 0)
    assert "issuer=O = Hosting sandbox ACME" in added.server.certificate(added.domain)
    assert added.server.read(added.installed).count("BEGIN CERTIFICATE") == 2  # leaf and intermediate


def test_every_call_issues_a_new_certificate(added):
    added.certify()
    first = added.server.certificate(added.domain)
    added.certify()
    assert added.server.certificate(added.domain) != first
    assert sum(1 for call in added.server.calls(CERTIFICATE, added.domain) if call.event("issued")) == 2


@pytest.mark.parametrize("form, expected", [
    ("{0}.com", ["{0}.com", "www.{0}.com"]), ("www.{0}.com", ["www.{0}.com", "{0}.com"]),
    ("a.{0}.com", ["a.{0}.com"]), ("{0}.co.uk", ["{0}.co.uk", "www.{0}.co.uk"])])
def test_the_names_of_a_certificate(server, new_name, form, expected):
    name = new_name()
    site = Site(server, form.format(name), f"user_{name}")
    site.add()
    site.certify()
    names = re.findall(r"DNS:([^,\s]+)", server.certificate(site.domain))
    assert names == [text.format(name) for text in expected]


def test_alternative_names(added):
    added.certify(f"--subjectAlternativeName=x.{added.domain},y.{added.domain}")
    assert re.findall(r"DNS:([^,\s]+)", added.server.certificate(added.domain)) == [
        added.domain, f"x.{added.domain}", f"y.{added.domain}"]


def test_a_certificate_for_an_unknown_site(server):
    result = server.clpctl(CERTIFICATE, "--domainName=unknown.example.com")
    assert said(result) == refused('Site "unknown.example.com" does not exist.')


def test_the_certificates_domain_is_not_lowercased(added):
    result = added.server.clpctl(CERTIFICATE, f"--domainName={added.domain.upper()}")
    assert said(result) == refused(f'Site "{added.domain.upper()}" does not exist.')


VALIDATION = "{name}: Domain could not be validated, error message: error type: urn:ietf:params:acme:error:{kind}, error detail: "


@pytest.mark.parametrize("failure, kind, details", [
    ("validation_404", "unauthorized", ["Invalid response from http://", "/.well-known/acme-challenge/", ": 404"]),
    ("validation_403", "unauthorized", ["Invalid response from ", ": 403"]),
    ("secondary_validation", "unauthorized", ["During secondary validation: ", ": 403"]),
    ("connection_timeout", "connection", ["Timeout during connect (likely firewall problem)"]),
    ("network_unreachable", "connection", ["Network is unreachable"]),
    ("dns_nxdomain", "dns", ["DNS problem: NXDOMAIN looking up A for "])])
def test_validation_failures(added, knob, failure, kind, details):
    knob(command=CERTIFICATE, domain=added.domain, fail=failure)
    result = added.certify()
    assert result.stdout.startswith(VALIDATION.format(name=added.domain, kind=kind))
    assert all(detail in result.stdout for detail in details)
    assert (result.stderr, result.returncode) == ("", 1)
    assert "CloudPanel" in added.server.certificate(added.domain)  # still the self-signed one


def test_one_failing_name_fails_the_order(server, new_name, knob):
    name = new_name()
    site = Site(server, f"{name}.com", f"user_{name}")
    site.add()
    knob(command=CERTIFICATE, domain=f"www.{name}.com", fail="dns_nxdomain")
    assert site.certify().stdout.startswith(VALIDATION.format(name=f"www.{name}.com", kind="dns"))
    knob(command=CERTIFICATE, domain=f"{name}.com", fail="validation_404", names=[f"{name}.com", f"www.{name}.com"])
    assert f"T0ken: 404, www.{name}.com: Domain could not be validated" in site.certify().stdout


@pytest.mark.parametrize("failure, text", [
    ("validation_timeout", "validation timed out after 90 seconds"),
    ("acme_account", "An error occurred while registering an account, error message: "),
    ("acme_order", "An error occurred while requesting an order, error message: "),
    ("acme_finalize", "An error occurred while finalizing the order, error message: ")])
def test_other_acme_errors(added, knob, failure, text):
    knob(domain=added.domain, fail=failure)
    result = added.certify()
    assert result.stdout.startswith(text) and (result.stderr, result.returncode) == ("", 1)


def test_a_rate_limit_is_cut_before_its_end(added, knob):
    knob(domain=added.domain, fail="rate_limited_429")
    result = added.certify()
    first, _, rest = result.stdout.partition("\n")
    assert first == ("An error occurred while requesting an order, error message: Client error: POST "
                     "https://acme-v02.api.letsencrypt.org/acme/new-order resulted in a 429 Too Many Requests response:")
    assert "rateLimited" in rest and "retry after" not in rest
    assert len(rest.removesuffix(" (truncated...)\n")) == 120 and result.returncode == 1


@pytest.mark.parametrize("kind, pattern", [
    ("staging", r"issuer=O = \(STAGING\) "), ("wrong_name", r"DNS:elsewhere\.example"),
    ("expired", r"Hosting sandbox ACME"), ("short_lived", r"Hosting sandbox ACME")])
def test_other_certificates_than_asked_for(added, knob, kind, pattern):
    knob(domain=added.domain, certificate=kind)
    assert added.certify().returncode == 0
    shown = added.server.certificate(added.domain)
    assert re.search(pattern, shown)
    path = added.server.path(added.installed)

    def is_valid_in(days):
        return subprocess.run(["openssl", "x509", "-noout", "-checkend", str(days * 86400), "-in", path],
                              stdout=subprocess.DEVNULL, check=False).returncode == 0
    assert is_valid_in(0) == (kind != "expired")
    assert is_valid_in(20) == (kind not in ("expired", "short_lived"))


# --- deleting, listing, the console -----------------------------------------------------------------------------

def test_a_site_is_deleted(added):
    result = added.server.clpctl(DELETE, f"--domainName={added.domain}", "--force")
    assert said(result) == (f"Site {added.domain} has been deleted.\n", "", 0)
    assert added.domain not in added.server.sites()
    assert not added.server.exists(added.vhost) and not added.server.exists(f"/home/{added.user}")
    assert added.add().returncode == 0


def test_delete_without_force_asks_and_does_nothing_at_the_end_of_input(added):
    result = added.server.clpctl(DELETE, f"--domainName={added.domain}")
    assert result.stdout == "" and '"yes"' in result.stderr and result.returncode == 0
    assert added.domain in added.server.sites()
    result = added.server.clpctl(DELETE, f"--domainName={added.domain}", input="yes\n")
    assert result.stdout == f"Site {added.domain} has been deleted.\n"


def test_delete_of_an_unknown_site(server):
    result = server.clpctl(DELETE, "--domainName=unknown.example.com", "--force")
    assert said(result) == refused('Site "unknown.example.com" does not exist.')


@pytest.mark.parametrize("command", ["site:list", "help:me"])
def test_an_unknown_command(server, command):
    result = server.clpctl(command)
    assert (result.stdout, result.returncode) == ("", 1)
    *logged, message = result.stderr.splitlines()
    assert message == f'Command "{command}" is not defined.'
    assert [json.loads(line)["channel"] for line in logged] == ["console", "console"]


def test_an_unknown_option(site):
    result = site.server.clpctl(ADD, f"--domainName={site.domain}", "--help-me=1")
    assert (result.stdout, result.returncode) == ("", 1)
    assert result.stderr.splitlines()[-1] == 'The "--help-me" option does not exist.'
    assert json.loads(result.stderr.splitlines()[0])["level_name"] == "CRITICAL"


@pytest.mark.parametrize("argument", ["--domainName=a\\n.com", "--domainName=a\\r.com", "--domainName=a\n.com"])
def test_a_newline_or_its_escape_is_an_invalid_command_with_exit_0(server, argument):
    assert said(server.clpctl(ADD, argument)) == ("Invalid command\n", "", 0)


def test_version_and_lists(server):
    assert said(server.clpctl("--version"))[1:] == ("", 0)
    assert "Symfony" in server.clpctl("--version").stdout
    assert "Static" in server.clpctl("vhost-templates:list").stdout
    assert "admin" in server.clpctl("user:list").stdout


def test_who_is_not_root_has_no_site_commands(site):
    result = site.server.clpctl(ADD, f"--domainName={site.domain}", user="plain")
    assert result.stderr.splitlines()[-1] == f'Command "{ADD}" is not defined.' and result.returncode == 1
    assert site.server.clpctl("db:show:master-credentials", user="plain").returncode == 0


def test_sudo_makes_root_of_deploy_but_not_of_plain(server):
    as_root = ["sudo", "-n", "/bin/sh", "-c", "clpctl user:list"]
    assert "admin" in server.run(*as_root, user="deploy").stdout
    assert server.run(*as_root, user="plain").returncode != 0


def test_clpctl_is_not_installed(server):
    server.remove_clpctl()
    try:
        result = server.run("bash", "-c", "clpctl --version")
    finally:
        server.restore_clpctl()
    assert result.stderr.rstrip().endswith("clpctl: command not found") and result.returncode == 127


# --- knobs ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("failure, text", [
    ("psl_timeout", r"cURL error 28: Operation timed out after 10000 milliseconds .*publicsuffix\.org/list/public_suffix_list\.dat"),
    ("psl_resolve", r"cURL error 6: Could not resolve host: publicsuffix\.org .*"),
    ("useradd_failed", r'Command " : /usr/bin/sudo /usr/sbin/useradd .*" failed, error message: (useradd: .*) \1'),
    ("step_timeout", r".* exceeded the timeout of 90 seconds\."),
    ("disk_full", r".*No space left on device"),
    ("db_locked_after_files", r"An exception occurred while executing a query: SQLSTATE\[HY000\]: General error: 5 "
                              r"database is locked"),
    ("broken_install", r"Could not open input file: /home/clp/htdocs/app/files/bin/clpctl")])
def test_failures_of_site_add(site, knob, failure, text):
    knob(command=ADD, domain=site.domain, fail=failure)
    result = site.add()
    assert re.fullmatch(text + "\n", result.stdout) and (result.stderr, result.returncode) == ("", 1)
    assert PASSWORD not in result.stdout
    assert site.domain not in site.server.sites()
    assert site.server.exists(site.vhost) == (failure in ("db_locked_after_files", "step_timeout"))


def test_an_old_version_prints_the_password(site, knob):
    knob(domain=site.domain, fail="useradd_failed", print_password=True)
    assert PASSWORD in site.add().stdout
    assert PASSWORD not in (site.server.state / "calls.jsonl").read_text()


def test_the_database_can_really_be_locked(site, server):
    import sqlite3
    other = sqlite3.connect(server.panel / "db.sq3", isolation_level=None)
    other.execute("begin exclusive")
    results = []
    call = threading.Thread(target=lambda: results.append(site.add()))
    call.start()
    wait_for(lambda: server.calls(ADD, site.domain), 10, "site:add has started")
    assert not results
    other.execute("commit")
    call.join()
    other.close()
    assert results[0].returncode == 0


def test_not_installed_as_a_knob(server, knob):
    knob(command="user:list", fail="not_installed")
    assert said(server.clpctl("user:list")) == ("", "bash: line 1: clpctl: command not found\n", 127)


def test_answers_that_lie(site, knob, new_name):
    knob(domain=site.domain, fail="success_without_effect", times=1)
    assert said(site.add()) == (f"Site {site.domain} has been added.\n", "", 0)
    assert site.domain not in site.server.sites()
    knob(domain=site.domain, command=ADD, fail="success_but_reported_failure", times=1)
    assert said(site.add())[1:] == ("", 1)
    assert site.domain in site.server.sites()
    knob(domain=site.domain, command=CERTIFICATE, fail="failure_after_success", times=1)
    result = site.certify()
    assert result.stdout.startswith("Certificate installation was successful.\n") and result.returncode == 1
    knob(domain=site.domain, command=CERTIFICATE, fail="silent_success", times=1)
    assert said(site.certify()) == ("", "", 0)
    knob(domain=site.domain, command=CERTIFICATE, text="Something new.", stream="stderr", code=7, times=1)
    assert said(site.certify()) == ("", "Something new.\n", 7)
    assert site.certify().returncode == 0  # each knob was for one call


def test_death_without_output(site, knob):
    knob(domain=site.domain, die="before", times=1)
    assert said(site.add()) == ("", "", -signal.SIGKILL)
    assert site.domain not in site.server.sites()
    knob(domain=site.domain, die="after", times=1)
    assert said(site.add()) == ("", "", -signal.SIGKILL)
    assert site.domain in site.server.sites()
    assert [call.code for call in site.server.calls(ADD, site.domain)] == [None, None]


def test_a_flood_on_either_stream(added, knob):
    knob(domain=added.domain, flood_stderr_mb=2, flood_stdout_mb=1)
    result = added.certify()
    assert len(result.stderr) > 1_900_000 and len(result.stdout) > 900_000
    assert result.stdout.endswith("\nCertificate installation was successful.\n") and result.returncode == 0


def test_delays_take_their_time(added, knob):
    knob(domain=added.domain, delay=0.05, delay_after=0.05)
    added.certify()
    call = added.server.calls(CERTIFICATE, added.domain)[-1]
    assert call.end - call.start >= 0.1


def test_a_call_survives_sighup_and_a_closed_pipe(site, server):
    with server.hold(ADD, site.domain) as held:
        process = subprocess.Popen(
            ["nsenter", "--target", str(server.pid), "--mount", "--pid", "--", "/usr/bin/clpctl", ADD,
             f"--domainName={site.domain}", f"--siteUser={site.user}", f"--siteUserPassword={PASSWORD}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        call = held.wait_reached()
        server.run("kill", "-HUP", str(call.pid))
        process.stdout.close()
        process.stderr.close()
    assert process.wait(20) == 0
    assert site.domain in server.sites()


def test_a_detached_call_outlives_the_kill_of_its_parent(site, server):
    with server.hold(ADD, site.domain, detached=True) as held:
        result = threading.Thread(target=site.add)
        result.start()
        call = held.wait_reached()
        server.run("kill", "-KILL", str(call.pid))  # what `timeout` would do
        wait_for(lambda: server.run("kill", "-0", str(call.pid)).returncode != 0, 20, "the parent is gone")
        assert site.domain not in server.sites()
    result.join()
    wait_for(lambda: site.domain in server.sites(), 20, "the work is done all the same")


# --- the record -------------------------------------------------------------------------------------------------

def test_the_record_of_a_call(added):
    call = added.server.calls(ADD, added.domain)[-1]
    assert call.argv == [ADD, f"--domainName={added.domain}", f"--siteUser={added.user}",
                         f"--siteUserPassword=<{len(PASSWORD)} characters>"]
    assert call.mutating and call.code == 0 and call.start < call.end and call.uid == 0
    assert call.answer == f"Site {added.domain} has been added."
    assert [event["step"] for event in call.events][-1] == "row"


def test_overlapping_calls_are_seen(sandbox, server, new_name):
    first, second = (Site(server, f"{name}.com", f"user_{name}") for name in (new_name(), new_name()))
    before = len(server.overlaps())
    with server.hold(ADD, first.domain) as held:
        thread = threading.Thread(target=first.add)
        thread.start()
        running = held.wait_reached()
        assert len(server.overlaps()) == before
        server.clpctl("user:list")  # reads only
        assert len(server.overlaps()) == before
        second.add()
    thread.join()
    assert len(server.overlaps()) == before + 1
    assert server.overlaps()[-1].domain == second.domain and server.overlaps()[-1].overlapping == [running.pid]


def test_a_killed_call_is_no_overlap(server, new_name):
    first, second = (Site(server, f"{name}.com", f"user_{name}") for name in (new_name(), new_name()))
    before = len(server.overlaps())
    with server.hold(ADD, first.domain) as held:
        thread = threading.Thread(target=first.add)
        thread.start()
        server.run("kill", "-KILL", str(held.wait_reached().pid))
        thread.join()
    second.add()
    assert len(server.overlaps()) == before
