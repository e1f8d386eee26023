"""A daemon that stood still for longer than its lease comes back with what it was about to do: it is refused, and says so."""

import history
import pytest
from hosting_sandbox import wait_for
from invariants import CERTIFICATE, SITE_ADD
from requests_of_a_site import SHARED

# Nobody gives up waiting for what the test holds.
PATIENT = {"supabase": {"request_timeout": "60s"}, "ssh": {"connect_timeout": "60s", "keepalive": "1m"}}
LEFT = r"^<4>left to another daemon: "
SCRIPT_BYTES = 2000  # at least; what else is said to a server is shorter


@pytest.fixture
def duel(make_fleet):
    """Two daemons; the first is at work and has its SSH connection open, the second is not there yet."""
    fleet = make_fleet(daemons=2, servers=1, sites=1)
    fleet.members[0].start(**PATIENT)
    fleet.sandbox.wait_for_sites(30)
    return fleet


def left_line(member, site, about):
    """The one line by which the member says that it leaves the site to another daemon."""
    pattern = rf"(?m){LEFT}.*SITE_ID={site.id}"
    member.running.wait_log(pattern)
    line, = member.lines(pattern)
    print(f"\n{about}: {line}")
    return line


def end_with(fleet, first, second, site):
    """All is right, and it was the second who did it."""
    row, writes = fleet.sandbox.site(site.id), history.writes(fleet.sandbox, site.id)
    wait_for(lambda: site.id in second.brought_up(), 20, "the second says so")
    assert site.id not in first.brought_up()
    fleet.finish()
    assert (fleet.sandbox.site(site.id), history.writes(fleet.sandbox, site.id)) == (row, writes)


@pytest.mark.parametrize("command", [SITE_ADD, CERTIFICATE])
def test_a_late_command(duel, command):
    """It has passed the last look at its lease, and is on its way to the server when the daemon freezes."""
    first, second = duel.members
    (server,), (path,) = duel.servers, duel.ssh
    if command == SITE_ADD:
        path.silence_open("request")
        (site,) = duel.add_sites(1)
    else:
        with server.hold(SITE_ADD, moment="after") as held:
            (site,) = duel.add_sites(1)
            held.wait_reached()
            path.silence_open("request")
    wait_for(lambda: path.held_bytes() > SCRIPT_BYTES, 20, "the command is on its way")
    token = duel.queue.job(site.id)["token"]
    first.freeze()
    assert server.calls(command, site.domain) == []
    second.start(**PATIENT)
    duel.sandbox.wait_for_sites(30, ids=[site.id])
    calls = [(call.command, call.code) for call in server.calls(domain=site.domain)]
    fence = f"/var/lib/hosting-automator/fence/{duel.queue.id()}/{site.domain}"
    assert int(server.read(fence)) > token

    path.heal()
    first.thaw()
    left_line(first, site, f"a late {command}")
    assert [(call.command, call.code) for call in server.calls(domain=site.domain)] == calls == [
        (SITE_ADD, 0), (CERTIFICATE, 0)]
    end_with(duel, first, second, site)


def freeze_at(member, request):
    """The member stands still from the moment that it makes the request, which is on its way until the proxy is healed."""
    def strike():
        member.freeze()
        member.supabase.silence("request")
    return member.supabase.on(request, strike, moment="before")


def test_a_late_report(duel):
    first, second = duel.members
    report = freeze_at(first, SHARED["finish"])
    (site,) = duel.add_sites(1)
    assert report.fired.wait(30)
    assert duel.sandbox.site(site.id)["status_hosting"] == "pending"
    second.start(**PATIENT)
    duel.sandbox.wait_for_sites(30, ids=[site.id])
    row = duel.sandbox.site(site.id)

    first.supabase.heal()
    first.thaw()
    left_line(first, site, "a late report")
    assert duel.sandbox.site(site.id) == row
    end_with(duel, first, second, site)


def test_a_late_record(duel):
    """What the first wants to keep of a site's failure is not kept: by then the second has done the site."""
    first, second = duel.members
    (server,) = duel.servers
    with server.hold(CERTIFICATE, fail="dns_nxdomain") as held:
        (site,) = duel.add_sites(1)
        held.wait_reached()
        record = freeze_at(first, SHARED["record"])
        held.release()
        assert record.fired.wait(30)
    second.start(**PATIENT)
    duel.sandbox.wait_for_sites(30, ids=[site.id])
    assert duel.queue.job(site.id) is None

    first.supabase.heal()
    first.thaw()
    wait_for(lambda: first.worker is None or first.held() == set(), 20, "the first knows what it holds")
    run = first.stop()
    assert run.code == 0 and duel.queue.job(site.id) is None
    assert [call.code for call in server.calls(CERTIFICATE, site.domain)] == [1, 0]
    wait_for(second.brought_up, 20, "the second says so")
    assert second.brought_up() == [site.id]
    assert history.of(duel.sandbox, site.id) == [("pending", "active")]


def test_a_whole_life_too_late(duel):
    """Frozen between two steps: it begins nothing more, without being told by anybody."""
    first, second = duel.members
    (server,) = duel.servers
    with server.hold(SITE_ADD, moment="after") as held:
        (site,) = duel.add_sites(1)
        held.wait_reached()
        first.freeze()
    second.start(**PATIENT)
    duel.sandbox.wait_for_sites(30, ids=[site.id])
    first.supabase.silence()  # the database cannot tell it either
    first.thaw()
    first.running.wait_log(rf"(?m)SITE_ID={site.id}.*STAGE=site|the lease")
    first.supabase.heal()
    end_with(duel, first, second, site)
