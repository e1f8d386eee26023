"""queue.mode: alone or with others, and what is said where the database or the others do not fit."""

import json
import re
import socket

import pytest
from hosting_sandbox.waiting import wait_for

SITE_ADD, CERTIFICATE = "site:add:static", "lets-encrypt:install:certificate"
SHARED = {"queue": {"mode": "shared", "lease": "20s"}}
LONG_DELAY = {"retry": {"max_attempts": 8, "first_delay": "1m", "max_delay": "30m"}}
HOW_TO_APPLY = r"run conf/shared-queue\.sql .*in Supabase's SQL editor"


def refused(automator, **sections):
    """The one line of a daemon that does not begin, and ends with the code for a wrong configuration."""
    run = automator.start(**sections).wait()
    assert run.code == 2, run.log
    assert run.lines("started") == []
    line, = run.lines("^<3>")
    return line


def check(automator, **sections):
    run = automator.run("--config", automator.write(**sections), "check", "--json")
    part, = [part for part in json.loads(run.out)["checks"] if part["part"] == "queue"]
    return run.code, part["state"], part["what"]


def explain(automator, asked):
    """With the configuration that the running daemon has."""
    run = automator.run("--config", automator.folder / "automator.toml", "explain", asked, "--json")
    assert run.log == "", run.log
    answer = json.loads(run.out)
    site, = answer["sites"]
    return answer["notes"], site


@pytest.fixture
def other(new_automator):
    """Another machine."""
    return new_automator()


# --- the database -----------------------------------------------------------------------------------------------

def test_shared_without_the_script(sandbox, server, automator, new_domain):
    sandbox.add_site(new_domain(), server)
    assert re.search(f'queue.mode is "shared", but the database has no shared queue: {HOW_TO_APPLY}',
                     refused(automator, **SHARED))
    assert automator.once(**SHARED).code == 2
    code, state, what = check(automator, **SHARED)
    assert (code, state) == (1, "wrong") and re.search(HOW_TO_APPLY, what)
    assert server.connections() == server.connections()[:1]  # check's own


@pytest.mark.parametrize("version, who", [(0, HOW_TO_APPLY), (99, "upgrade this program")])
def test_shared_with_another_version(shared_queue, server, automator, version, who):
    shared_queue.set_version(version)
    assert re.search(f"the shared queue in the database is of version {version}, and this program needs version 1: {who}",
                     refused(automator, **SHARED))
    code, state, what = check(automator, **SHARED)
    assert (code, state) == (1, "wrong") and re.search(who, what)
    assert shared_queue.workers() == []


def test_single_needs_no_script_and_minds_none(sandbox, server, automator, new_domain):
    assert check(automator) == (0, "ok", "this daemon has the sites to itself (queue.mode)")
    sandbox.shared_queue.install()
    try:
        sandbox.add_site(new_domain(), server)
        assert automator.once().code == 0
        assert sandbox.shared_queue.workers() == [] and sandbox.shared_queue.jobs() == 0
    finally:
        sandbox.shared_queue.remove()
    sandbox.add_site(new_domain(), server)
    assert automator.once().code == 0


# --- the others -------------------------------------------------------------------------------------------------

def test_single_does_not_begin_while_others_hold_sites(sandbox, shared_queue, server, automator, other, new_domain):
    site = sandbox.add_site(new_domain(), server)
    with server.hold(SITE_ADD) as held:
        sharing = other.start(**SHARED)
        held.wait_reached()
        worker, = shared_queue.workers()
        who = f"{re.escape(worker)} on {re.escape(socket.gethostname())} \\(1 site\\)"
        assert re.search(f'queue.mode is "single", but other daemons hold sites of the shared queue: {who}', refused(automator))
        assert automator.once().code == 2
        code, state, what = check(automator)
        assert (code, state) == (1, "wrong") and re.search(who, what)
        code, state, what = check(automator, **SHARED)
        assert state == "ok" and re.search(who, what)
    sandbox.wait_for_sites(30, ids=[site])
    assert sharing.stop().code == 0
    assert check(automator)[1] == "ok"
    assert automator.once().code == 0
    assert len(server.calls(SITE_ADD)) == 1


def test_single_begins_when_the_lease_of_the_dead_has_ended(sandbox, shared_queue, server, automator, other, new_domain):
    site = sandbox.add_site(new_domain(), server)
    with server.hold(SITE_ADD) as held:
        sharing = other.start(queue={"mode": "shared", "lease": "6s"})
        held.wait_reached()
        sharing.kill()
    assert automator.once().code == 2
    wait_for(lambda: automator.once().code == 0, 30, "nobody holds the site any more")
    assert sandbox.site(site)["status_hosting"] == "active" and len(server.calls(SITE_ADD)) == 1


def test_once_shares_too(sandbox, shared_queue, server, automator, new_domain):
    sites = sandbox.add_sites([new_domain() for _ in range(5)], server)
    assert automator.once("--site", sites[3], **SHARED).code == 0
    assert [sandbox.site(site)["status_hosting"] for site in sites] == ["pending"] * 3 + ["active", "pending"]
    assert automator.once(**SHARED).code == 0
    assert {sandbox.site(site)["status_hosting"] for site in sites} == {"active"}
    assert shared_queue.workers() == [] and shared_queue.jobs() == 0
    assert not (automator.state / "state.db").exists()


def test_once_leaves_a_row_to_the_daemon_that_works_on_it(sandbox, shared_queue, server, automator, other, new_domain):
    site = sandbox.add_site(new_domain(), server)
    with server.hold(SITE_ADD) as held:
        sharing = other.start(**SHARED)
        held.wait_reached()
        assert automator.once("--site", site, **SHARED).code == 1
    sandbox.wait_for_sites(30, ids=[site])
    assert sharing.stop().code == 0
    assert len(server.calls(SITE_ADD)) == len(server.calls(CERTIFICATE)) == 1


# --- a database that is away ------------------------------------------------------------------------------------

@pytest.mark.parametrize("sections", [{}, SHARED], ids=["single", "shared"])
def test_the_database_is_away_at_the_start(sandbox, shared_queue, server, automator, new_domain, sections):
    site = sandbox.add_site(new_domain(), server)
    sandbox.gateway.stop()
    daemon = automator.start(**sections)
    daemon.wait_log("Supabase cannot be used")
    sandbox.gateway.start()
    sandbox.wait_for_sites(30, ids=[site])
    run = daemon.stop()
    assert run.code == 0 and len(run.lines("Supabase can be used again|Supabase is back|answers again")) >= 0
    assert shared_queue.workers() == []


def test_single_touches_nothing_when_it_learns_late_that_others_hold_sites(sandbox, shared_queue, server, automator, other,
                                                                         new_domain):
    site = sandbox.add_site(new_domain(), server)
    with server.hold(SITE_ADD) as held:
        sharing = other.start(**SHARED)
        held.wait_reached()
        late = sandbox.add_site(new_domain(), server)
        sandbox.gateway.stop()
        alone = automator.start()
        alone.wait_log("Supabase cannot be used")
        sandbox.gateway.start()
        alone.wait_log('queue.mode is "single", but other daemons hold sites')
        assert alone.stop().lines(late) == []
    sandbox.wait_for_sites(30, ids=[site, late])
    assert sharing.stop().code == 0


# --- explain ----------------------------------------------------------------------------------------------------

def test_explain_says_who_works_on_a_site(sandbox, shared_queue, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    with server.hold(CERTIFICATE) as held:
        daemon = automator.start(**SHARED)
        held.wait_reached()
        worker, = shared_queue.workers()
        notes, told = explain(automator, domain)
        assert notes == [f"the daemon {worker} on {socket.gethostname()} works on site {site} now"]
        assert told["site_id"] == site
    sandbox.wait_for_sites(30, ids=[site])
    notes, told = explain(automator, domain)
    assert notes == [] and told["verdict"] == "it is done: status_hosting is 'active'"
    assert daemon.stop().code == 0


def test_explain_knows_what_a_site_waits_for(sandbox, shared_queue, server, automator, new_domain):
    domain = new_domain()
    site = sandbox.add_site(domain, server)
    server.knob(command=CERTIFICATE, domain=domain, fail="dns_nxdomain")
    daemon = automator.start(**SHARED, **LONG_DELAY)
    wait_for(lambda: (shared_queue.job(site) or {}).get("next_attempt"), 30, "the next attempt is noted")
    notes, told = explain(automator, domain)
    assert notes == []
    assert told["verdict"].startswith("it waits for its next attempt, ")
    assert "after its stage certificate failed: E_CERT_DNS: " in told["verdict"]
    assert daemon.stop().code == 0
    assert explain(automator, domain)[1]["verdict"].startswith("it waits for its next attempt, ")  # it outlives the daemon


def test_explain_knows_what_is_known_of_its_server_and_of_its_orders(sandbox, shared_queue, server, automator, new_domain):
    """Also of a site that no daemon has begun yet."""
    refused, waiting = new_domain(), new_domain()
    site = sandbox.add_site(refused, server)
    server.knob(command=CERTIFICATE, domain=refused, fail="dns_nxdomain")
    daemon = automator.start(**SHARED, **LONG_DELAY)
    wait_for(lambda: (shared_queue.job(site) or {}).get("next_attempt"), 30, "the next attempt is noted")
    facts = {fact["name"]: fact["text"] for fact in explain(automator, refused)[1]["facts"]}
    assert "the validation failed" in facts["order"] and "249 of 250 orders are left" in facts["certificate budget"]
    server.stop()
    sandbox.add_site(waiting, server)
    wait_for(shared_queue.incidents, 30, "it is known that the server is down")
    notes, told = explain(automator, waiting)
    facts = {fact["name"]: fact["text"] for fact in told["facts"]}
    assert notes == []
    assert "server cannot be reached" in told["verdict"] or "E_SSH_UNREACHABLE" in told["verdict"], told["verdict"]
    assert "E_SSH_UNREACHABLE" in facts["server down"] and "249 of 250" in facts["certificate budget"]
    assert daemon.stop().code == 0


# --- what it costs ----------------------------------------------------------------------------------------------

def test_an_idle_daemon_asks_no_more_often_than_it_polls(sandbox, shared_queue, server, automator, new_domain):
    """Nothing is renewed where nothing is held: an idle daemon's only request is its poll."""
    interval, polls = 0.1, 20
    site = sandbox.add_site(new_domain(), server)
    daemon = automator.start(supabase={"poll_interval": "100ms"}, **SHARED)
    sandbox.wait_for_sites(30, ids=[site])
    wait_for(lambda: shared_queue.jobs() == 0, 20, "all is done")
    sandbox.gateway.forget_requests()
    wait_for(lambda: len(sandbox.requests()) > polls + 5, 30, "it has polled")
    requests = [(request["uri"].rpartition("/")[2], request["at"]) for request in sandbox.requests()]
    assert daemon.stop().code == 0
    # What the work asked for last may be logged beside the first polls.
    names = [name for name, _ in requests]
    idle = [i for i, name in enumerate(names) if name == "hosting_automator_claim"][2]
    assert set(names[idle:]) == {"hosting_automator_claim"} and len(names) - idle > polls / 2, names
    claims = [at for _, at in requests[idle:]]
    assert claims[-1] - claims[0] >= (len(claims) - 1) * interval * 0.9
