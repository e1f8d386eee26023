"""The service as an operator meets it: systemctl and journalctl in a booted systemd, the key a credential."""

import itertools
import re

import pytest
from hosting_sandbox.waiting import wait_for
from machine import UNIT
from service import KEY_FILE, TOKEN_FILE

_numbers = itertools.count(1)


@pytest.fixture
def running(service):
    """The service at work, with the plain configuration."""
    service.drop_in("")
    service.configure()
    service.start()
    yield service
    service.machine.systemctl("kill", "--signal=KILL", UNIT, check=False)
    service.stop()


@pytest.fixture
def server(sandbox):
    yield (one := sandbox.add_server())
    sandbox.sql("delete from sites")
    sandbox.sql("delete from servers where id = %s", one.id)
    one.remove()


def new_domain():
    return f"packaged{next(_numbers)}.com"


def bring_up(sandbox, server):
    site = sandbox.add_site(domain := new_domain(), server)
    sandbox.wait_for_sites(30, ids=[site])
    return site, domain


def bring_up_and_tell(running, sandbox, server):
    """Until the journal has its last line, too."""
    site, domain = bring_up(sandbox, server)
    running.wait_line("active, its certificate", f"SITE_ID={site}")
    return site, domain


def cursors(lines):
    return [line["__CURSOR"] for line in lines]


def test_systemctl_status_says_what_it_does(running, sandbox, server):
    with server.hold(domain=(domain := new_domain())) as held:
        site = sandbox.add_site(domain, server)
        held.wait_reached()
        wait_for(lambda: re.search(r'Status: "1 running, 0 waiting; last poll \d+ s ago"',
                                   running.machine.systemctl("status", UNIT).stdout), 30, "the status line")
    sandbox.wait_for_sites(30, ids=[site])


def test_the_journal_is_searched_by_site(running, sandbox, server):
    sites = dict([bring_up_and_tell(running, sandbox, server) for _ in range(2)])
    everything = running.lines()
    for site, domain in sites.items():
        found = running.lines(f"SITE_ID={site}")
        assert found and {line["DOMAIN"] for line in found} == {domain}
        assert {line["SERVER"] for line in found} == {server.name}
        assert cursors(found) == cursors([line for line in everything if site in str(line) or domain in str(line)])


def test_journalctl_explains_what_happened(running, sandbox, server):
    site, domain = bring_up_and_tell(running, sandbox, server)
    explained = running.machine.run("journalctl", "-x", f"--unit={UNIT}", f"SITE_ID={site}", "--no-pager").stdout
    assert f"Subject: Site {domain} is active\n" in explained
    assert f"The site exists on server {server.name}, has its certificate" in explained


def test_a_hang_is_ended_by_the_watchdog(running, sandbox, server):
    assert running.machine.show("WatchdogUSec") == "1min"
    running.stop()
    running.drop_in("[Service]\nWatchdogSec=5s\n")
    running.start()
    hung = running.machine.main_pid()
    running.machine.run("kill", "-STOP", hung)
    running.wait_restarted(hung)
    said = [line["MESSAGE"] for line in running.machine.journal("_PID=1", f"UNIT={UNIT}.service")]
    assert any("Watchdog timeout" in message for message in said), said
    bring_up(sandbox, server)


def test_a_kill_loses_nothing(running, sandbox, server):
    domain = new_domain()
    with server.hold("lets-encrypt:install:certificate", domain) as held:
        site = sandbox.add_site(domain, server)
        held.wait_reached()
        killed = running.machine.main_pid()
        running.machine.systemctl("kill", "--signal=KILL", UNIT)
        running.wait_restarted(killed)
    sandbox.wait_for_sites(60, ids=[site])
    assert len(server.calls("lets-encrypt:install:certificate", domain)) == 1
    assert len(server.calls("site:add:static", domain)) == 1


def test_a_reload_takes_another_log_level(running, sandbox, server):
    before, _ = bring_up(sandbox, server)
    process = running.machine.main_pid()
    running.configure(log={"level": "debug"})
    running.machine.systemctl("reload", UNIT)
    running.wait_line("log.level")
    after, _ = bring_up(sandbox, server)
    assert running.lines(f"SITE_ID={before}", "PRIORITY=7") == []
    assert running.lines(f"SITE_ID={after}", "PRIORITY=7")
    assert running.machine.main_pid() == process
    assert running.machine.show("ActiveState") == "active"


def test_a_wrong_file_is_refused_at_a_reload(running, sandbox, server):
    process = running.machine.main_pid()
    running.configure(log={"level": "loud"})
    running.machine.systemctl("reload", UNIT)
    running.wait_line("the configuration was not reloaded")
    bring_up(sandbox, server)
    assert running.machine.main_pid() == process


def test_a_stop_waits_for_what_runs(running, sandbox, server):
    domain = new_domain()
    with server.hold("lets-encrypt:install:certificate", domain) as held:
        site = sandbox.add_site(domain, server)
        held.wait_reached()
        running.machine.systemctl("stop", "--no-block", UNIT)
        wait_for(lambda: running.machine.show("StatusText").startswith("stopping: 1 running"), 20, "it drains")
        assert running.machine.show("ActiveState") == "deactivating"
    wait_for(lambda: running.machine.show("ActiveState") == "inactive", 30, "it has stopped")
    assert (running.machine.show("Result"), running.machine.show("ExecMainStatus")) == ("success", "0")
    assert len(server.calls("lets-encrypt:install:certificate", domain)) == 1
    running.start()
    sandbox.wait_for_sites(30, ids=[site])
    assert len(server.calls("lets-encrypt:install:certificate", domain)) == 1


def test_the_key_stays_with_root(running, sandbox, server):
    key = sandbox.service_key
    bring_up(sandbox, server)
    machine, pid = running.machine, running.machine.main_pid()
    refused = machine.run("setpriv", "--reuid", UNIT, "--regid", UNIT, "--init-groups", "cat", KEY_FILE, check=False)
    assert refused.returncode != 0 and "Permission denied" in refused.stderr
    shown = {
        "the journal": machine.run("journalctl", "--all", "--output=export").stdout,
        "systemctl show": machine.systemctl("show", UNIT).stdout,
        "systemctl status": machine.systemctl("status", "--full", "--lines=1000", UNIT).stdout,
        "the process's arguments": machine.read(f"/proc/{pid}/cmdline"),
        "its environment": machine.read(f"/proc/{pid}/environ"),
        **{path: running.ask(path) for path in ("/", "/health", "/livez", "/readyz?verbose", "/metrics")},
    }
    assert UNIT in shown["the journal"] and "hosting_sites{" in shown["/metrics"]
    assert "CREDENTIALS_DIRECTORY" in shown["its environment"]
    assert [place for place, text in shown.items() if key in text] == []


def test_matomos_token_may_be_a_credential(running, sandbox, server):
    machine = running.machine
    sandbox.set_matomo_credentials(token="0" * 32)
    machine.write(TOKEN_FILE, sandbox.matomo_token + "\n", mode=0o600)
    try:
        running.stop()
        running.configure(matomo={"url": sandbox.matomo_url})
        running.start()
        site, _ = bring_up(sandbox, server)
        assert sandbox.site(site)["matomo_site_id"] is not None
    finally:
        machine.run("rm", TOKEN_FILE)
        sandbox.set_matomo_credentials()


def test_a_new_key_needs_a_restart(running, sandbox, server):
    bring_up(sandbox, server)
    running.machine.write(KEY_FILE, sandbox.jwt_key + "\n")
    running.machine.systemctl("restart", UNIT)
    sandbox.gateway.forget_requests()
    bring_up(sandbox, server)
