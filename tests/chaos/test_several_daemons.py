"""Several daemons on one queue: the work is shared, and goes on when one of them ends, however it ends."""

import signal
import time

from hosting_sandbox import wait_for
from invariants import SITE_ADD
from requests_of_a_site import SHARED
from scene import SLOWNESS
from tarpit import Tarpit

LEASE_SECONDS = 6  # of who dies
POLL_SECONDS = 0.1  # of DEFAULTS in automator.py


def bring_up(fleet, sites):
    """New sites from pending to active by all members; commands/s, and what the servers alone would have allowed."""
    for member in fleet.members:
        member.start()
        member.wait_entered()
    began, before = time.monotonic(), {server: len(server.calls()) for server in fleet.servers}
    fleet.add_sites(sites)
    fleet.wait_done(120)
    seconds = time.monotonic() - began
    calls = {server: server.calls()[before[server]:] for server in fleet.servers}
    busiest = max(sum(call.end - call.start for call in its) for its in calls.values())
    count = sum(map(len, calls.values()))
    return f"{count} commands in {seconds:.1f} s: {count / seconds:.1f}/s, the servers' own limit {count / busiest:.1f}/s"


def test_four_daemons_share_four_hundred_sites(make_fleet):
    alone = make_fleet(daemons=1, servers=8)
    print(f"\none daemon: {bring_up(alone, 100)}")
    alone.finish()
    for table in ("sites", "servers"):
        alone.sandbox.sql(f"delete from {table}")

    fleet = make_fleet(daemons=4, servers=8)
    print(f"four daemons: {bring_up(fleet, 400)}")
    fleet.finish()
    shares = [member.brought_up() for member in fleet.members]
    print(f"sites of each daemon: {[len(share) for share in shares]}")
    assert sorted(site for share in shares for site in share) == sorted(site.id for site in fleet.sites)
    assert all(len(share) >= len(fleet.sites) / 10 for share in shares)


def held_by(fleet, member):
    """Whether all pending sites are the member's."""
    held = fleet.queue.held()
    return len(held) == fleet.pending() and set(held.values()) == {member.worker}


def test_a_machine_that_dies_is_succeeded(make_fleet):
    fleet = make_fleet(daemons=2, servers=2, sites=8)
    first, second = fleet.members
    with fleet.servers[0].hold(times=None) as one, fleet.servers[1].hold(times=None) as other:
        first.start(queue={"lease": f"{LEASE_SECONDS}s"})
        wait_for(lambda: held_by(fleet, first), 20, "the first has claimed all")
        one.wait_reached(), other.wait_reached()
        second.start(queue={"lease": f"{LEASE_SECONDS}s"})
        second.wait_entered()
        assert second.held() == set()
        first.kill()
        died = time.monotonic()
        wait_for(lambda: held_by(fleet, second), 20 * SLOWNESS, "the second has taken over")
        print(f"\nsucceeded after {time.monotonic() - died:.2f} s: the lease is {LEASE_SECONDS} s, a poll {POLL_SECONDS} s")
    fleet.finish()
    assert first.brought_up() == [] and len(second.brought_up()) == len(fleet.sites)


def test_who_is_stopped_gives_back_at_once(make_fleet):
    """All but what runs on a server while it runs there, and that, too, before the process ends."""
    fleet = make_fleet(daemons=2, servers=1, sites=8)
    first, second = fleet.members
    (server,) = fleet.servers
    left = []
    with server.hold(SITE_ADD) as held:
        first.start(queue={"lease": "60s"})
        wait_for(lambda: held_by(fleet, first), 20, "the first has claimed all")
        worker, at_work = first.worker, held.wait_reached().domain
        at_work, = [site.id for site in fleet.sites if site.domain == at_work]
        first.supabase.on(SHARED["leave"], lambda: left.append((fleet.queue.held(worker), first.runs)), moment="answered")
        first.running.signal(signal.SIGTERM)
        wait_for(lambda: set(fleet.queue.held()) <= {at_work}, 10, "the rest is given back")
        assert first.runs
        second.start(queue={"lease": "60s"})
        wait_for(lambda: len(second.held()) == len(fleet.sites) - 1, 10, "the second has claimed the rest")
        assert first.held() == {at_work}
    assert first.running.wait().code == 0
    assert left == [({}, True)]
    assert worker not in fleet.queue.workers()
    fleet.finish()


def test_a_rolling_upgrade(make_fleet):
    fleet = make_fleet(daemons=2, servers=4, sites=40)
    for server in fleet.servers:
        server.knob(delay=0.1)
    fleet.start()
    for number, member in enumerate(list(fleet.members), start=1):
        wait_for(lambda done=10 * number: fleet.pending() <= len(fleet.sites) - done, 60, "some are done")
        assert fleet.pending() > 0
        member.stop()
        fleet.add_member().start()
    fleet.finish()
    print(f"\nsites of each daemon: {[len(member.brought_up()) for member in fleet.members]}")
    assert sum(len(member.brought_up()) for member in fleet.members) == len(fleet.sites)


PROBING = {"retry": {"max_attempts": 50, "first_delay": "200ms", "max_delay": "200ms"}, "ssh": {"connect_timeout": "500ms"}}


def test_a_server_that_is_down_is_probed_by_one_daemon_at_a_time(make_fleet):
    """Its sites wait by the hundred, the other server's do not wait for them."""
    fleet = make_fleet(daemons=4, servers=2)
    down, up = fleet.servers
    waiting, others = fleet.add_sites(300, down), fleet.add_sites(20, up)
    with Tarpit() as tarpit:  # each attempt to log in lasts for the whole connect_timeout
        fleet.sandbox.point_server_at(down, tarpit)
        fleet.start(**PROBING)
        wait_for(fleet.queue.incidents, 20 * SLOWNESS, "the database knows of the outage")
        ids = {site.id for site in waiting}
        wait_for(lambda: not tarpit.present() and not ids & set(fleet.queue.held()), 20 * SLOWNESS,
                 "who tried before that was known has given up")
        known, probes = len(tarpit.visits), 8
        began = time.monotonic()
        wait_for(lambda: len(tarpit.visits) > known + probes, 60 * SLOWNESS, "it was probed some more")
        print(f"\n{probes} probes in {time.monotonic() - began:.1f} s; before, {known} attempts of four daemons")
        assert tarpit.overlaps(since=known) == []
        fleet.sandbox.wait_for_sites(30 * SLOWNESS, ids=[site.id for site in others])
        assert fleet.pending() == len(waiting) and down.connections() == []
        fleet.withdraw(waiting[10:])
        fleet.sandbox.point_server_at(down, fleet.ssh[0])
    fleet.finish()
