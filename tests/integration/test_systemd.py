"""What systemd and journald get to hear."""

import json
import re
import signal

import pytest
from hosting_sandbox import wait_for
from journald import Journald
from notify_socket import NotifySocket

IDS = "core/events.hpp"
FIELDS = ["SITE_ID", "DOMAIN", "SERVER", "STAGE", "ATTEMPT", "ERROR_CODE", "MESSAGE_ID"]


@pytest.fixture
def journald():
    with Journald() as one:
        yield one


def told_ready(message):
    return message.get("READY") == "1"


def test_ready_comes_after_the_first_poll_and_the_status_says_what_it_does(sandbox, automator, server, new_domain, tmp_path):
    domain = new_domain()
    with NotifySocket(tmp_path) as systemd, server.hold(domain=domain) as held:
        site = sandbox.add_site(domain, server)
        automator.environment = systemd.environment
        sandbox.gateway.forget_requests()
        daemon = automator.start()
        systemd.wait(told_ready, "READY")
        assert any("/rest/v1/sites" in request for request in map(str, sandbox.requests()))
        held.wait_reached()
        systemd.wait(lambda m: re.fullmatch(r"1 running, 0 waiting; last poll \d+ s ago", m.get("STATUS", "")), "the status")
        held.release()
        sandbox.wait_for_sites(30, ids=[site])
        assert daemon.stop().code == 0
        assert systemd.count("READY") == 1


def test_ready_comes_although_supabase_cannot_be_reached(sandbox, automator, tmp_path):
    with NotifySocket(tmp_path) as systemd:
        automator.environment = systemd.environment
        daemon = automator.start(supabase={"url": "http://127.0.0.1:1"})
        systemd.wait(told_ready, "READY")
        systemd.wait(lambda m: "Supabase cannot be used" in m.get("STATUS", ""), "why nothing happens")
        daemon.stop()


def test_a_reload_is_announced_with_its_time_and_ended(automator, tmp_path):
    with NotifySocket(tmp_path) as systemd:
        automator.environment = systemd.environment
        daemon = automator.start()
        systemd.wait(told_ready, "READY")
        daemon.signal(signal.SIGHUP)
        reloading = systemd.wait(lambda m: m.get("RELOADING") == "1", "RELOADING")
        assert int(reloading["MONOTONIC_USEC"]) > 0
        wait_for(lambda: systemd.count("READY") == 2, 30, "the reload ends")
        order = [key for message in systemd.told for key in message if key in ("READY", "RELOADING")]
        assert order == ["READY", "RELOADING", "READY"]
        daemon.stop()


def test_stopping_asks_for_time_while_a_command_still_runs(sandbox, automator, server, new_domain, tmp_path):
    domain = new_domain()
    with NotifySocket(tmp_path) as systemd, server.hold(domain=domain) as held:
        sandbox.add_site(domain, server)
        automator.environment = systemd.environment
        daemon = automator.start()
        held.wait_reached()
        daemon.signal(signal.SIGTERM)
        systemd.wait(lambda m: m.get("STOPPING") == "1", "STOPPING")
        systemd.wait(lambda m: m.get("STATUS", "").startswith("stopping: 1 running"), "what still runs")
        asked = systemd.told.index(next(m for m in systemd.told if "STOPPING" in m))
        wait_for(lambda: any("EXTEND_TIMEOUT_USEC" in m for m in systemd.told[asked:]), 30, "more time is asked for")
        held.release()
        assert daemon.wait().code == 0


def test_the_watchdog_is_fed_only_while_the_program_moves(automator, tmp_path):
    with NotifySocket(tmp_path, watchdog_seconds=0.3) as systemd:
        automator.environment = systemd.environment
        daemon = automator.start()
        wait_for(lambda: systemd.count("WATCHDOG") >= 5, 30, "the watchdog is fed")
        daemon.signal(signal.SIGSTOP)
        wait_for(lambda: "T" in daemon_state(daemon.pid), 10, "the program stands still")
        fed = systemd.count("WATCHDOG")
        daemon.signal(signal.SIGCONT)
        wait_for(lambda: systemd.count("WATCHDOG") > fed, 30, "the watchdog is fed again")
        daemon.stop()


def daemon_state(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_nothing_is_told_where_nobody_listens(automator, tmp_path):
    daemon = automator.start()
    daemon.wait_log("started")
    assert daemon.stop().code == 0


@pytest.mark.parametrize(("target", "stderr"), [("journal", False), ("auto", True)])
def test_a_sites_lines_are_found_in_the_journal_by_its_fields(sandbox, automator, server, new_domain, journald, target, stderr):
    good, bad = new_domain(), "-bad-" + new_domain()
    automator.tracer = journald.inside(stderr)
    sites = [sandbox.add_site(good, server), sandbox.add_site(bad, server)]
    daemon = automator.start(log={"level": "info", "target": target})
    sandbox.wait_for_sites(60, ids=sites[:1])
    sandbox.wait_for_sites(60, status="failed", ids=sites[1:])
    assert daemon.stop().log == ""

    assert [fields(line) for line in journald.lines(f"SITE_ID={sites[0]}")] == [
        {"PRIORITY": "6", "SITE_ID": sites[0], "DOMAIN": good, "SERVER": server.name, "STAGE": "report", "ATTEMPT": "1",
         "MESSAGE_ID": milestone("site_active")}]
    failed, = journald.lines(f"DOMAIN={bad}")
    assert fields(failed)["ERROR_CODE"] == "E_DOMAIN_INVALID" and failed["PRIORITY"] == "4"
    assert failed["MESSAGE_ID"] == milestone("site_failed") and failed["SYSLOG_IDENTIFIER"] == "hosting-automatord"
    for name in ("started", "stopping"):
        assert len(journald.lines(f"MESSAGE_ID={milestone(name)}")) == 1


def test_auto_is_stderr_when_that_goes_elsewhere(automator, journald):
    """JOURNAL_STREAM is inherited by whoever redirects its stderr."""
    automator.tracer = [*journald.inside(stderr=True), "sh", "-c", 'exec "$@" 2>"$0"', str(automator.folder / "stderr")]
    daemon = automator.start(log={"target": "auto"})
    wait_for(lambda: "started" in (automator.folder / "stderr").read_text(), 30, "the program starts")
    daemon.stop()
    assert journald.lines("SYSLOG_IDENTIFIER=hosting-automatord") == []


def test_without_a_journald_the_log_goes_to_stderr_and_says_so(automator, journald):
    automator.tracer = [*journald.inside(), "unshare", "-m", "sh", "-c",
                        'mount -t tmpfs none /run/systemd && exec "$@"', "sh"]
    daemon = automator.start(log={"target": "journal"})
    daemon.wait_log("journald is not there")
    daemon.wait_log("started MESSAGE_ID=")
    daemon.stop()


def fields(line):
    return {key: line[key] for key in ["PRIORITY", *FIELDS] if key in line}


def milestone(name):
    from automator import ROOT
    return re.search(rf'event::{name}, "(\w+)"', (ROOT / IDS).read_text()).group(1)
