"""What goes wrong ends as the row's error_message, as a retry, or as a restart that repeats nothing."""

import re
import signal

import pytest
from hosting_sandbox.waiting import wait_for

CERTIFICATE = "lets-encrypt:install:certificate"


def failed_message(sandbox, site):
    row = sandbox.site(site)
    assert row["status_hosting"] == "failed", row
    return row["error_message"]


@pytest.mark.parametrize("answer, code", [
    ("dns_nxdomain", "E_CERT_DNS"),
    ("validation_404", "E_CERT_VALIDATION"),
    ("acme_account", "E_CERT"),
])
def test_a_certificate_that_is_refused(sandbox, server, automator, new_domain, answer, code):
    domain = new_domain()
    server.knob(command=CERTIFICATE, domain=domain, fail=answer)
    site, other = sandbox.add_site(domain, server), sandbox.add_site(new_domain(), server)
    run = automator.once()
    assert run.code == 1
    assert failed_message(sandbox, site).startswith(code + ": clpctl lets-encrypt:install:certificate failed: ")
    assert sandbox.site(site)["hosting_doc_root"] == f"/home/user_{domain.replace('.', '')}/htdocs/{domain}"
    assert len(server.calls(CERTIFICATE, domain)) == 3  # retry.max_attempts
    assert sandbox.site(other)["status_hosting"] == "active"
    assert run.lines(rf"^<4>failed: .*SITE_ID={site} DOMAIN={domain} SERVER={server.name} STAGE=certificate "
                     rf"ATTEMPT=3 ERROR_CODE={code} MESSAGE_ID=[0-9a-f]{{32}}$")


def test_lets_encrypts_rate_limit_holds_its_site_and_no_other(sandbox, server, automator, new_domain):
    limited = new_domain()
    server.knob(command=CERTIFICATE, domain=limited, fail="rate_limited_429")
    ids = sandbox.add_sites([limited, new_domain(), new_domain()], server)
    run = automator.once()
    assert run.code == 1
    assert re.search(rf"waiting: {limited} \({ids[0]}\): E_CERT_RATE_LIMIT, next attempt in (59|6\d) min", run.out), run.out
    assert sandbox.site(ids[0])["status_hosting"] == "pending"
    assert sandbox.site(ids[0])["error_message"].startswith("WAITING E_CERT_RATE_LIMIT: ")
    assert [sandbox.site(site)["status_hosting"] for site in ids[1:]] == ["active", "active"]
    # Neither another life nor a person's wish passes the limit.
    assert automator.once().code == 1
    assert automator.once("--site", ids[0]).code == 1
    assert len(server.calls(CERTIFICATE, limited)) == 1


def test_a_certificate_that_is_refused_once(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command=CERTIFICATE, domain=domain, fail="validation_404", times=1)
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    assert sandbox.site(site)["status_hosting"] == "active"
    assert len(server.calls("site:add:static", domain)) == 1


def test_success_that_installed_nothing_good_is_no_success(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command=CERTIFICATE, domain=domain, certificate="staging")
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 1
    assert failed_message(sandbox, site).startswith("E_CERT: clpctl reported a certificate, but after that it is "
                                                    "from a staging CA")


def test_a_step_that_fails_leaves_a_message_without_the_password(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="site:add:static", domain=domain, fail="useradd_failed", print_password=True)
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 1
    assert failed_message(sandbox, site).startswith("E_SITE_ADD: clpctl site:add:static failed: Command ")
    assert "***" in sandbox.site(site)["error_message"]  # where the panel printed the password
    assert "***" in run.log


def test_success_reported_as_failure_is_seen_by_the_look(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="site:add:static", domain=domain, fail="success_but_reported_failure", times=1)
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    assert sandbox.site(site)["status_hosting"] == "active"
    assert len(server.calls("site:add:static", domain)) == 1


def test_a_half_made_site_is_made_again_under_the_other_name(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="site:add:static", domain=domain, fail="db_locked_after_files", times=1)
    site = sandbox.add_site(domain, server)
    run = automator.once()
    assert run.code == 0, run.log
    row = sandbox.site(site)
    owner = server.sites()[domain]
    assert owner.startswith("user_" + domain.replace(".", "") + "_")
    assert row["hosting_doc_root"] == f"/home/{owner}/htdocs/{domain}"
    assert run.lines(r"^<4>the panel does not know the site although files of user_")
    assert server.exists(f"/home/user_{domain.replace('.', '')}")  # nothing is deleted


def test_a_flood_of_output_is_bounded(sandbox, server, automator, new_domain):
    domain = new_domain()
    server.knob(command="site:add:static", domain=domain, flood_stdout_mb=8, flood_stderr_mb=8)
    site = sandbox.add_site(domain, server)
    assert automator.once().code == 0
    assert sandbox.site(site)["status_hosting"] == "active"


def test_killed_during_a_slow_site_add_a_restart_repeats_nothing(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    with server.hold("site:add:static", domain) as held:
        first = automator.start()
        held.wait_reached()
        first.kill()
        second = automator.start()
        # The second life's script waits for the lock that the first one's still holds.
        wait_for(lambda: len(server.accepted_logins()) == 2, 20, "the second daemon logged in")
        assert sandbox.site(site)["status_hosting"] == "pending"
        held.release()
        sandbox.wait_for_sites(30, ids=[site])
    assert second.stop().code == 0
    assert [call.command for call in server.calls(domain=domain)] == ["site:add:static", CERTIFICATE]
    assert server.overlaps() == []


def test_killed_during_a_certificate_a_restart_orders_no_second_one(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    with server.hold(CERTIFICATE, domain) as held:
        first = automator.start()
        held.wait_reached()
        first.kill()
        second = automator.start()
        wait_for(lambda: len(server.accepted_logins()) == 2, 20, "the second daemon logged in")
        held.release()
        sandbox.wait_for_sites(30, ids=[site])
    assert second.stop().code == 0
    assert len(server.calls(CERTIFICATE, domain)) == 1


def test_a_row_that_the_hub_changed_in_the_middle_is_untouched(sandbox, server, automator, new_domain):
    changed = new_domain()
    ids = sandbox.add_sites([changed, new_domain(), new_domain()], server)
    with server.hold("site:add:static", changed) as held:
        daemon = automator.start()
        held.wait_reached()
        sandbox.sql("update sites set status_hosting = 'failed', error_message = 'the Hub''s' where id = %s", ids[0])
        held.release()
        daemon.wait_log(rf"the row was changed in the meantime.*SITE_ID={ids[0]}")
    sandbox.wait_for_sites(30, ids=ids[1:])
    assert daemon.stop().code == 0
    row = sandbox.site(ids[0])
    assert (row["status_hosting"], row["error_message"]) == ("failed", "the Hub's")
    assert row["hosting_doc_root"] is None and row["matomo_site_id"] is None


@pytest.mark.parametrize("edit", ["delete from sites where id = %s", "update sites set domain = 'edited-' || domain where id = %s",
                                  "update sites set server_id = null where id = %s"], ids=["deleted", "edited", "moved"])
def test_a_row_that_is_another_one_now_is_untouched(sandbox, server, automator, new_domain, edit):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    with server.hold(CERTIFICATE, domain) as held:
        daemon = automator.start(supabase={"poll_interval": "1h"})
        held.wait_reached()
        sandbox.sql(edit, site)
        before = sandbox.site(site)
        held.release()
        daemon.wait_log(rf"the row was changed in the meantime.*SITE_ID={site}")
    assert daemon.stop().code == 0
    assert sandbox.site(site) == before


def test_sigterm_lets_the_running_command_end_and_starts_no_other(sandbox, server, automator, new_domain):
    first, second = new_domain(), new_domain()
    ids = sandbox.add_sites([first, second], server)
    with server.hold("site:add:static", first) as held:
        daemon = automator.start(daemon={"max_sites_in_flight": 1})
        held.wait_reached()
        daemon.signal(signal.SIGTERM)
        daemon.wait_log("stopping: ")
        held.release()
        run = daemon.wait()
    assert run.code == 0
    assert [call.command for call in server.calls()] == ["site:add:static"]
    assert [sandbox.site(site)["status_hosting"] for site in ids] == ["pending", "pending"]


def test_sigterm_stops_the_sites_that_wait_for_their_turn(sandbox, server, automator, new_domain):
    domains = [new_domain() for _ in range(4)]
    sandbox.add_sites(domains, server)
    with server.hold("site:add:static") as held:
        daemon = automator.start()
        first = held.wait_reached()
        daemon.signal(signal.SIGTERM)
        daemon.wait_log("stopping: ")
        held.release()
        assert daemon.wait().code == 0
    assert [call.domain for call in server.calls()] == [first.domain]
    assert {row["status_hosting"] for row in sandbox.sql("select status_hosting from sites")} == {"pending"}


def test_a_command_that_runs_into_its_limit_keeps_the_lock_until_it_is_gone(sandbox, server, automator, new_domain):
    slow, other = new_domain(), new_domain()
    # sudo and su stand between us and the real one: a signal to clpctl does not reach the PHP behind it.
    server.knob(command="site:add:static", domain=slow, times=1, detached=True, delay=8)
    ids = sandbox.add_sites([slow, other], server)
    run = automator.once(cloudpanel={"site_add_timeout": "3s"})
    assert run.code == 0, run.log
    assert run.lines(rf"did not end within its time limit.*SITE_ID={ids[0]} .*ERROR_CODE=E_TIMEOUT")
    assert server.overlaps() == []
    assert len(server.calls("site:add:static", slow)) == 1  # the look saw what it had made in the end


def test_sigterm_finishes_a_site_that_gets_its_certificate(sandbox, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    with server.hold(CERTIFICATE, domain) as held:
        daemon = automator.start()
        held.wait_reached()
        daemon.signal(signal.SIGTERM)
        daemon.wait_log("stopping: ")
        held.release()
        assert daemon.wait().code == 0
    assert sandbox.site(site)["status_hosting"] == "active"


def test_a_second_signal_ends_it_at_once(sandbox, server, automator, new_domain):
    domain = new_domain()
    sandbox.add_site(domain, server)
    with server.hold("site:add:static", domain) as held:
        daemon = automator.start()
        held.wait_reached()
        daemon.signal(signal.SIGINT)
        daemon.wait_log("stopping: ")
        daemon.signal(signal.SIGINT)
        assert daemon.wait(10).code == 1
        held.release()


def test_new_rows_are_picked_up_and_a_finished_one_can_be_asked_for_again(sandbox, server, automator, new_domain):
    daemon = automator.start()
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    sandbox.wait_for_sites(30, ids=[site])
    sandbox.sql("update sites set status_hosting = 'pending' where id = %s", site)
    sandbox.wait_for_sites(30, ids=[site])
    assert daemon.stop().code == 0
    assert len(server.calls(CERTIFICATE)) == 1
    assert len(server.accepted_logins()) == 1
