"""Keys in every form, host keys, users, addresses: what the Hub's row may hold."""

import re
import signal
import sqlite3
import subprocess

import pytest
from automator import Automator
from hosting_sandbox.waiting import wait_for

FORMS = ["rsa_pem", "rsa_pkcs8", "rsa_openssh", "ecdsa_pem", "ecdsa_pkcs8", "ecdsa_openssh", "ed25519_openssh",
         "ed25519_pkcs8"]


def set_key(sandbox, server, text):
    sandbox.sql("update servers set ssh_private_key = %s where id = %s", text, server.id)


def memory(automator, query):
    with sqlite3.connect(f"file:{automator.state}/state.db?mode=ro", uri=True) as database:
        return database.execute(query).fetchall()


def wait_for_probes(automator, daemon, code, server):
    """The log says that the server cannot be used, with this code, and it was asked for again."""
    daemon.wait_log(rf"SERVER={server.name} .*ERROR_CODE={code}\b")
    wait_for(lambda: memory(automator, "select probes from incidents")[0][0] >= 3, 30, "three probes failed")


def failed_message(sandbox, site):
    row = sandbox.site(site)
    assert row["status_hosting"] == "failed", row
    return row["error_message"]


@pytest.mark.parametrize("form", FORMS)
def test_keys_of_every_form_log_in(sandbox, automator, new_domain, form):
    server = sandbox.add_server(key=form)
    site = sandbox.add_site(new_domain(), server)
    run = automator.once()
    assert run.code == 0, run.log
    assert sandbox.site(site)["status_hosting"] == "active"


@pytest.mark.parametrize("mangle", [
    lambda key: key.replace("\n", "\r\n"),
    lambda key: key.rstrip("\n"),
    lambda key: "\n\n  " + key + "  \n",
], ids=["crlf", "no last newline", "blanks around"])
def test_keys_that_a_web_form_mangled_log_in(sandbox, server, automator, new_domain, mangle):
    set_key(sandbox, server, mangle(server.private_key.read_text()))
    sandbox.add_site(new_domain(), server)
    assert automator.once().code == 0


@pytest.mark.parametrize("text", ["", None, "not a key", "ssh-rsa AAAAB3NzaC1yc2E= x"],
                         ids=["empty", "null", "garbage", "public"])
def test_what_is_no_private_key_is_named(sandbox, server, automator, new_domain, text):
    set_key(sandbox, server, text)
    site = sandbox.add_site(new_domain(), server)
    assert automator.once().code == 1
    assert failed_message(sandbox, site).startswith("E_SSH_KEY: ")
    assert server.failed_logins() == []


def test_an_encrypted_key_is_named(sandbox, automator, new_domain):
    server = sandbox.add_server(key="rsa_encrypted")
    site = sandbox.add_site(new_domain(), server)
    assert automator.once().code == 1
    assert failed_message(sandbox, site).startswith("E_SSH_KEY: ")


def test_a_refused_key_fails_the_sites_with_one_login_attempt(sandbox, automator, new_domain):
    server = sandbox.add_server(key="unauthorized")
    ids = sandbox.add_sites([new_domain() for _ in range(5)], server)
    assert automator.once().code == 1
    for site in ids:
        assert failed_message(sandbox, site).startswith("E_SSH_AUTH: ")
    assert len(server.connections()) <= 2


def test_a_key_that_was_taken_before_is_waited_for_with_one_login(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    server.remove_authorized_key()
    server.kill_connections()
    ids = sandbox.add_sites([new_domain() for _ in range(5)], server)
    wait_for_probes(automator, daemon, "E_SSH_AUTH", server)
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"pending"}
    assert len(server.failed_logins()) == 1
    server.restore_authorized_key()
    set_key(sandbox, server, server.keys["ed25519_openssh"].read_text())
    sandbox.wait_for_sites(30, ids=ids)
    assert daemon.stop().code == 0
    assert len(server.failed_logins()) == 1


def test_a_key_that_was_taken_before_is_waited_for_also_after_a_restart(sandbox, server, automator, new_domain):
    sandbox.add_site(new_domain(), server)
    assert automator.once().code == 0
    server.remove_authorized_key()
    site = sandbox.add_site(new_domain(), server)
    daemon = automator.start()
    wait_for(lambda: memory(automator, "select refused from servers") == [("ssh_auth_revoked",)], 30, "it is remembered")
    daemon.kill()
    server.restore_authorized_key()
    daemon = automator.start()
    wait_for_probes(automator, daemon, "E_SSH_AUTH", server)
    assert sandbox.site(site)["status_hosting"] == "pending"
    assert len(server.accepted_logins()) == 1 and len(server.failed_logins()) == 1
    daemon.signal(signal.SIGHUP)  # an operator asks for another try
    sandbox.wait_for_sites(30, ids=[site])
    assert daemon.stop().code == 0
    assert memory(automator, "select refused from servers") == [(None,)]


def test_a_key_that_is_changed_in_the_row_is_used_from_the_next_site_on(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    set_key(sandbox, server, server.keys["ed25519_openssh"].read_text())
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    assert daemon.stop().code == 0
    logins = server.accepted_logins()
    assert len(logins) == 2
    assert "RSA" in logins[0] and "ED25519" in logins[1]


def test_a_host_key_is_kept_and_a_changed_one_refused_before_any_login(sandbox, server, automator, new_domain):
    sandbox.add_site(new_domain(), server)
    assert automator.once().code == 0
    known = automator.known_hosts.read_text().splitlines()
    assert len(known) == 1 and known[0] in server.host_key_lines().values()
    server.new_host_key()
    logins = len(server.accepted_logins())
    site = sandbox.add_site(new_domain(), server)
    # It worked before, so this is an outage like any other.
    assert automator.once(retry={"server_outage_limit": "1s"}).code == 1
    message = failed_message(sandbox, site)
    assert re.match(r"E_SSH_HOST_KEY: the site has waited for its server for [1-9]\d* s: ", message)
    assert f"ssh-keygen -f {automator.known_hosts} -R '[{server.address}]:{server.port}'" in message
    assert len(server.accepted_logins()) == logins and server.failed_logins() == []
    assert automator.known_hosts.read_text().splitlines() == known


def test_a_host_key_that_is_replaced_on_a_server_that_worked_is_waited_for(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    server.new_host_key()
    connections = len(server.connections())
    ids = sandbox.add_sites([new_domain() for _ in range(5)], server)
    wait_for_probes(automator, daemon, "E_SSH_HOST_KEY", server)
    name = f"[{server.address}]:{server.port}"
    assert f"ssh-keygen -f {automator.known_hosts} -R '{name}'" in daemon.log
    subprocess.run(["ssh-keygen", "-q", "-f", automator.known_hosts, "-R", name], check=True, capture_output=True)
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"pending"}
    assert len(server.connections()) == connections + 1 and server.failed_logins() == []
    # Otherwise it is tried again after a minute.
    set_key(sandbox, server, server.keys["ed25519_openssh"].read_text())
    sandbox.wait_for_sites(30, ids=ids)
    assert daemon.stop().code == 0


def test_strict_wants_a_known_host(sandbox, server, automator, new_domain):
    site = sandbox.add_site(new_domain(), server)
    assert automator.once(ssh={"host_keys": "strict"}).code == 1
    assert failed_message(sandbox, site).startswith("E_SSH_HOST_KEY: ")
    # Only the type that libssh2 would not ask for first is known.
    automator.known_hosts.write_text(server.host_key_lines()["ssh-ed25519"] + "\n")
    other = sandbox.add_site(new_domain(), server)
    assert automator.once(ssh={"host_keys": "strict"}).code == 0
    assert sandbox.site(other)["status_hosting"] == "active"


def test_a_user_with_sudo_works_and_one_without_is_told(sandbox, automator, new_domain):
    deploy = sandbox.add_server(user="deploy")
    plain = sandbox.add_server(user="plain")
    good, bad = sandbox.add_site(new_domain(), deploy), sandbox.add_site(new_domain(), plain)
    assert automator.once().code == 1
    assert sandbox.site(good)["status_hosting"] == "active"
    assert failed_message(sandbox, bad).startswith("E_CLPCTL_PRIVILEGE: the user plain may not use sudo on the server")


def test_a_server_without_clpctl(sandbox, server, automator, new_domain):
    server.remove_clpctl()
    site = sandbox.add_site(new_domain(), server)
    assert automator.once().code == 1
    assert failed_message(sandbox, site).startswith("E_CLPCTL_MISSING: the server has no clpctl")


def test_a_clpctl_that_goes_away_is_waited_for(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    server.remove_clpctl()
    ids = sandbox.add_sites([new_domain() for _ in range(5)], server)
    wait_for_probes(automator, daemon, "E_CLPCTL_MISSING", server)
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"pending"}
    server.restore_clpctl()
    # Otherwise it is tried again after five minutes.
    set_key(sandbox, server, server.keys["ed25519_openssh"].read_text())
    sandbox.wait_for_sites(30, ids=ids)
    assert daemon.stop().code == 0


def test_a_second_installation_on_a_server_is_warned_of(sandbox, server, automator, new_domain, tmp_path):
    warning = r"^<4>another installation of the hosting automator \(id [0-9A-Za-z-]+\) works on this server too"
    file = "/var/lib/hosting-automator/installation"
    sandbox.add_site(new_domain(), server)
    first = automator.once()
    assert first.code == 0 and first.lines(warning) == []
    ours = server.read(file)
    folder = tmp_path / "other"
    folder.mkdir()
    other = Automator(sandbox, folder)
    sandbox.add_sites([new_domain(), new_domain()], server)
    second = other.once()
    assert second.code == 0
    assert len(second.lines(warning)) == 1 and second.lines(rf"\(id {ours.strip()}\).* SERVER={server.name}\b")
    theirs = server.read(file)
    assert theirs != ours
    # The same installation, at work again, is no stranger.
    sandbox.add_site(new_domain(), server)
    assert other.once().lines(warning) == []
    assert server.read(file) == theirs


def test_an_installation_that_cannot_be_written_down_stops_nothing(sandbox, server, automator, new_domain):
    server.path("/var/lib/hosting-automator").touch()  # a file where the folder should be
    sandbox.add_site(new_domain(), server)
    run = automator.once()
    assert run.code == 0 and run.lines("^<[34]>") == [], run.log


def test_what_an_attempt_left_of_a_site_is_named(sandbox, server, automator, new_domain):
    domain = new_domain()
    bare = domain.replace(".", "")
    server.knob(command="site:add:static", domain=domain, fail_after="htdocs", times=1)
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 0, run.log
    assert sandbox.site(site)["hosting_doc_root"].startswith(f"/home/user_{bare}_")
    assert server.exists(f"/home/user_{bare}/htdocs/{domain}")  # nothing is deleted
    assert run.lines(rf"^<4>.*\buser_{bare}\b.* SITE_ID={site}") and run.lines("for something else") == []


@pytest.mark.parametrize("columns, code", [
    ({"ip_address": None}, "E_SERVER_UNKNOWN"),
    ({"ip_address": "  "}, "E_SERVER_UNKNOWN"),
])
def test_a_row_without_an_address(sandbox, server, automator, new_domain, columns, code):
    lost = sandbox.sql("insert into servers (name, ip_address, ssh_user, ssh_private_key, is_active) "
                       "values ('lost', %s, 'root', 'x', true) returning id", columns["ip_address"])[0]["id"]
    site, good = sandbox.add_site(new_domain(), lost), sandbox.add_site(new_domain(), server)
    assert automator.once().code == 1
    assert failed_message(sandbox, site).startswith(code + ": the row of the server 'lost' has no usable address")
    assert sandbox.site(good)["status_hosting"] == "active"


def test_addresses_with_blanks_and_names_work(sandbox, server, automator, new_domain):
    sandbox.sql("update servers set ip_address = %s where id = %s", f" {server.address} ", server.id)
    sandbox.add_site(new_domain(), server)
    assert automator.once().code == 0


def test_a_server_that_is_down_waits_and_another_does_not(sandbox, automator, new_domain):
    down, up = sandbox.add_server(), sandbox.add_server()
    waiting, good = sandbox.add_site(new_domain(), down), sandbox.add_site(new_domain(), up)
    down.stop()
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[good])
    daemon.wait_log(rf"tried again in .*SITE_ID={waiting} .*ERROR_CODE=E_SSH_UNREACHABLE")
    assert sandbox.site(waiting)["status_hosting"] == "pending"
    down.start()
    sandbox.wait_for_sites(30, ids=[waiting])
    assert daemon.stop().code == 0


def test_a_broken_connection_is_replaced(sandbox, server, automator, new_domain):
    daemon = automator.start()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    server.kill_connections()
    sandbox.wait_for_sites(30, ids=[sandbox.add_site(new_domain(), server)])
    assert daemon.stop().code == 0
    assert len(server.accepted_logins()) == 2
