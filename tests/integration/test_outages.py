"""Servers and Supabase that are away, keys that are refused, and what outlives the program: nothing is lost, nothing done twice."""

import re
import signal

import pytest
from hosting_sandbox.dns_server import DnsServer
from hosting_sandbox.waiting import wait_for

SITE_ADD, CERTIFICATE = "site:add:static", "lets-encrypt:install:certificate"
DOWN = r"^<4>the server cannot be used now, its sites wait: "


def updates(sandbox, status):
    return [request for request in sandbox.requests() if (request["method"], request["status"]) == ("PATCH", status)]


def test_a_server_that_is_down_for_a_while(sandbox, automator, new_domain):
    down, up = sandbox.add_server(), sandbox.add_server()
    waiting = sandbox.add_sites([new_domain() for _ in range(6)], down)
    down.stop()
    daemon = automator.start(retry={"max_attempts": 1})  # a single attempt that counted would fail a site
    daemon.wait_log(rf"(?m){DOWN}.*SERVER={down.name} ERROR_CODE=E_SSH_UNREACHABLE")
    sandbox.wait_for_sites(30, ids=sandbox.add_sites([new_domain() for _ in range(6)], up))  # they do not wait
    # The outage outlives the program, and is known to the next life before it tried.
    wait_for(lambda: automator.memory("select probes from incidents")[0][0] >= 3, 30, "three probes failed")
    assert daemon.stop().code == 0
    daemon = automator.start(retry={"max_attempts": 1})
    daemon.wait_log("started")
    assert {sandbox.site(site)["status_hosting"] for site in waiting} == {"pending"}
    down.start()
    sandbox.wait_for_sites(30, ids=waiting)
    run = daemon.stop()
    assert {sandbox.site(site)["status_hosting"] for site in waiting} == {"active"}
    assert len(run.lines(DOWN)) <= 1
    assert len(run.lines(rf"^<6>the server can be used again after .*SERVER={down.name}")) == 1
    assert automator.memory("select count(*) from incidents union all select count(*) from sites") == [(0,), (0,)]


def test_its_sites_fail_when_they_waited_long_enough(sandbox, server, automator, new_domain):
    ids = sandbox.add_sites([new_domain() for _ in range(20)], server)
    server.stop()
    run = automator.once(retry={"server_outage_limit": "1s"})
    assert run.code == 1
    for site in ids:
        row = sandbox.site(site)
        assert row["status_hosting"] == "failed"
        assert re.match(r"E_SSH_UNREACHABLE: the site has waited for its server for [1-9]\d* s: ", row["error_message"])
    assert len(run.lines(DOWN)) == 1


# With MaxAuthTries 1 a server hangs up on whom it refuses.
@pytest.mark.parametrize("sshd_options", ["", "MaxAuthTries 1"])
def test_one_login_attempt_until_the_row_changes(sandbox, automator, new_domain, sshd_options):
    server = sandbox.add_server(key="unauthorized", sshd_options=sshd_options)
    first = sandbox.add_sites([new_domain() for _ in range(5)], server)
    daemon = automator.start()
    sandbox.wait_for_sites(30, "failed", first)
    sandbox.wait_for_sites(30, "failed", sandbox.add_sites([new_domain() for _ in range(5)], server))
    wait_for(lambda: automator.memory("select refused from servers") == [("ssh_auth",)], 30, "the refusal is written")
    daemon.kill()
    daemon = automator.start()  # another life knows it too
    sandbox.wait_for_sites(30, "failed", [sandbox.add_site(new_domain(), server)])
    assert len(server.failed_logins()) == 1
    sandbox.sql("update servers set ssh_private_key = %s where id = %s", server.keys["rsa_pem"].read_text(), server.id)
    sandbox.gateway.forget_requests()
    wait_for(lambda: sum("/sites?" in request["uri"] for request in sandbox.requests()) > 2, 30,
             "the key that was read last may be read again")
    good = sandbox.add_site(new_domain(), server)
    sandbox.wait_for_sites(30, ids=[good])
    assert daemon.stop().code == 0
    assert sandbox.site(good)["status_hosting"] == "active"
    assert {sandbox.site(site)["error_message"].split(":")[0] for site in first} == {"E_SSH_AUTH"}
    assert (len(server.failed_logins()), len(server.accepted_logins())) == (1, 1)


def test_supabase_answers_503_around_the_report(sandbox, server, automator, new_domain):
    ids = sandbox.add_sites([new_domain() for _ in range(4)], server)
    with server.hold(CERTIFICATE) as held:
        sandbox.gateway.forget_requests()
        daemon = automator.start(matomo={"url": sandbox.matomo_url, "token": sandbox.matomo_token})
        held.wait_reached()
        sandbox.canned.give("html_503")
        held.release()
    # Every site is done on its server, and none of the outcomes can be written.
    wait_for(lambda: len(updates(sandbox, 503)) == len(ids), 60, "each outcome was refused")
    daemon.wait_log("Supabase cannot be used")
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"pending"}
    sandbox.canned.stop()
    sandbox.wait_for_sites(30, ids=ids)
    run = daemon.stop()
    assert run.code == 0
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"active"}
    assert len(run.lines("^<4>Supabase cannot be used")) == 1 and len(run.lines("^<6>Supabase is back after")) == 1
    for command in (SITE_ADD, CERTIFICATE):
        assert len(server.calls(command)) == len(ids)
    assert len(updates(sandbox, 200)) == len(ids)


def test_a_row_that_failed_and_is_set_to_pending_again_starts_from_zero(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command=CERTIFICATE, domain=domain, fail="validation_404", times=4)
    site = sandbox.add_site(domain, server)
    daemon = automator.start()  # max_attempts is 3
    sandbox.wait_for_sites(30, "failed", [site])
    sandbox.sql("update sites set status_hosting = 'pending' where id = %s", site)
    sandbox.wait_for_sites(30, ids=[site])
    run = daemon.stop()
    row = sandbox.site(site)
    assert (row["status_hosting"], row["error_message"]) == ("active", None)
    assert len(server.calls(CERTIFICATE, domain)) == 5
    assert len(run.lines(rf"^<6>tried again in .*SITE_ID={site} .*ATTEMPT=1 ")) == 2
    assert automator.memory("select count(*) from sites") == [(0,)]


def test_a_restart_forgets_no_attempt(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command=CERTIFICATE, domain=domain, fail="validation_404")
    site = sandbox.add_site(domain, server)
    slow = {"first_delay": "1m", "max_delay": "1m"}  # certificates: two minutes
    daemon = automator.start(retry=slow)
    daemon.wait_log(rf"tried again in 2 min: .*SITE_ID={site}")
    wait_for(lambda: automator.memory("select certificate_attempts from sites") == [(1,)], 30, "the attempt is written")
    daemon.kill()
    daemon = automator.start(retry=slow)
    daemon.wait_log("started")
    other = sandbox.add_site(new_domain(), server)
    sandbox.wait_for_sites(30, ids=[other])
    assert daemon.stop().code == 0
    assert len(server.calls(CERTIFICATE, domain)) == 1  # its time has not come
    assert [end for (end,) in automator.memory(f"select ended from orders where domain = '{domain}'")] == ["validation_refused"]


@pytest.mark.parametrize("damage", ["lost", "garbage"])
def test_a_state_folder_that_is_damaged_is_survived(sandbox, server, automator, new_domain, damage):
    assert automator.once().code == 0
    for file in automator.state.glob("state.db*"):
        file.unlink() if damage == "lost" else file.write_bytes(b"no database" * 1000)
    site = sandbox.add_site(new_domain(), server)
    run = automator.once()
    assert run.code == 0, run.log
    assert sandbox.site(site)["status_hosting"] == "active"
    if damage == "garbage":
        assert len(run.lines("^<4>.*damaged")) == 1, run.log
        assert list(automator.state.glob("state.db.corrupt-*"))


def test_a_name_without_an_address_gets_no_order_until_it_has_one(sandbox, server, automator, new_domain, tmp_path):
    missing, silent, good = new_domain(), new_domain(), new_domain()
    with DnsServer() as dns:
        dns.answer(good, "192.0.2.80")
        dns.servfail(silent)  # it cannot be told: Let's Encrypt may know better
        automator.resolv_conf = dns.resolv_conf(tmp_path)
        ids = sandbox.add_sites([missing, silent, good], server)
        daemon = automator.start(certificates={"preflight": "dns"})
        sandbox.wait_for_sites(60, ids=ids[1:])
        daemon.wait_log(rf"tried again in .*{missing} resolves to no address.*SITE_ID={ids[0]} .*ERROR_CODE=E_CERT_DNS")
        assert server.calls(CERTIFICATE, missing) == []
        dns.answer(missing, "2001:db8::80")
        sandbox.wait_for_sites(60, ids=ids[:1])
        assert daemon.stop().code == 0
    assert {sandbox.site(site)["status_hosting"] for site in ids} == {"active"}
    assert len(server.calls(CERTIFICATE, missing)) == 1


def test_sighup_takes_a_good_configuration_and_refuses_a_bad_one(sandbox, server, automator, new_domain):
    daemon = automator.start(supabase={"poll_interval": "1h"}, log={"level": "info"})
    daemon.wait_log("started")
    automator.write(text='[retry]\nmax_attempts = "many"\n[certificatess]\n')
    daemon.signal(signal.SIGHUP)
    daemon.wait_log(r"(?m)^<3>the configuration was not reloaded: .*retry.max_attempts must be a whole number")
    daemon.wait_log(r"(?m)^<3>the configuration was not reloaded: .*unknown section \[certificatess\]")
    site = sandbox.add_site(new_domain(), server)
    automator.write(supabase={"poll_interval": "100ms"}, ssh={"keepalive": "9s"}, log={"level": "debug"})
    daemon.signal(signal.SIGHUP)
    daemon.wait_log(r"(?m)^<6>the configuration was reloaded, changed: supabase.poll_interval, log.level; at the next "
                    r"start only: ssh.keepalive MESSAGE_ID=")
    sandbox.wait_for_sites(30, ids=[site])  # the next poll of the old interval would come in an hour
    run = daemon.stop()
    assert run.lines("^<7>") and sandbox.site(site)["status_hosting"] == "active"
