"""kill -9 of the program before and after each side effect, and of what it works with: nothing is lost or repeated."""

import itertools

import pytest
from hosting_sandbox import strace, wait_for
from invariants import CERTIFICATE, SITE_ADD
from requests_of_a_site import MATOMO, SUPABASE

# --- the program ------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("command", [SITE_ADD, CERTIFICATE])
def test_the_program_at_each_command(scene, command, moment):
    (server,), (site,) = scene.servers, scene.sites
    with server.hold(command, site.domain, moment) as held:
        scene.start()
        held.wait_reached()
        scene.kill()
        scene.start()
        wait_for(lambda: len(server.accepted_logins()) == 2, 20, "the second life logged in")
        held.release()
        scene.finish()


@pytest.mark.parametrize("request_, moment", [
    *itertools.product([*SUPABASE, *MATOMO], ["before", "answered"]), ("update", "after"), ("add", "after")])
def test_the_program_at_each_request(scene, request_, moment):
    path, patterns = (scene.supabase, SUPABASE) if request_ in SUPABASE else (scene.matomo, MATOMO)
    path.on(patterns[request_], scene.kill, moment=moment, cut=True)
    scene.start()
    scene.wait_killed()
    scene.finish()
    assert scene.kills == 1


def test_these_are_all_requests(scene):
    scene.sandbox.gateway.forget_requests()
    before = len(scene.sandbox.matomo.requests())
    assert scene.once().code == 0
    for request in scene.sandbox.requests():
        line = f"{request['method']} {request['uri']}".encode()
        assert any(line.startswith(pattern) for pattern in SUPABASE.values()), line
    for request in scene.sandbox.matomo.requests()[before:]:
        assert f"method={request['method']}".encode() in MATOMO.values(), request


@pytest.mark.parametrize("direction", ["request", "reply"])
def test_the_program_amid_every_part_of_an_ssh_connection(scene, direction):
    """Each life is killed a little later than the one before."""
    (path,) = scene.ssh
    for count in range(0, 20_000, 400):
        fault = path.cut_after(count, direction, times=1, action=scene.kill)
        scene.start(ssh={"connect_timeout": "60s"})
        wait_for(lambda: fault.met or not scene.pending(), 30, f"{count} bytes passed, or all is done")
        if not fault.met:
            break
        scene.wait_killed()
    path.heal()
    assert scene.kills >= 5
    scene.finish()


@pytest.mark.parametrize("syscall", ["sendto", "write", "pwrite64", "fdatasync", "ftruncate", "unlink"])
def test_the_program_at_each_system_call(scene, automator, syscall):
    """`sendto` is what reaches the network, the others what reaches the state folder and the log.

    Each life is killed one call later than the one before, until one comes to its end.
    """
    for number in range(1, 200):
        automator.tracer = strace.kill_at(syscall, number)
        run = scene.once()
        if run.code != -9:
            break
        scene.kills += 1
    automator.tracer = []
    assert scene.kills >= 1, f"the program never calls {syscall}"
    assert run.code == 0, run.log
    scene.finish()


# --- the others -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("command", [SITE_ADD, CERTIFICATE])
@pytest.mark.parametrize("all_of_it", [False, True], ids=["its sessions", "all of sshd"])
def test_sshd_at_each_command(scene, command, moment, all_of_it):
    (server,), (site,) = scene.servers, scene.sites
    with server.hold(command, site.domain, moment) as held:
        scene.start()
        held.wait_reached()
        if all_of_it:
            server.stop()
            scene.daemon.wait_log(rf"SITE_ID={site.id} .*ERROR_CODE=E_SSH_UNREACHABLE")
            server.start()
        else:
            server.kill_connections()
        wait_for(lambda: len(server.accepted_logins()) == 2, 20, "the program logged in again")
        held.release()
        scene.finish()


@pytest.mark.parametrize("moment", ["before", "answered"])
@pytest.mark.parametrize("request_", SUPABASE)
@pytest.mark.parametrize("victim", ["postgrest", "postgres"])
def test_supabase_at_each_request(scene, victim, request_, moment):
    program = getattr(scene.sandbox, victim)
    kill = program.stop if victim == "postgrest" else program.kill
    trigger = scene.supabase.on(SUPABASE[request_], kill, moment=moment)
    scene.start()
    try:
        assert trigger.fired.wait(30)
        scene.daemon.wait_log("Supabase cannot be used|Supabase is away|the site waits|tried again")
    finally:
        program.start()
    scene.finish()
