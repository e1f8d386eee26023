"""Latency, slow drip, resets, cuts, silence and refusals on each of the three paths: all ends right, nothing twice."""

import pytest
from invariants import CERTIFICATE, SITE_ADD

PATHS = ["supabase", "matomo", "ssh"]
SITES = 6
SERVERS = 2
SHORT = {"supabase": {"request_timeout": "500ms"}, "matomo": {"timeout": "500ms"}, "ssh": {"connect_timeout": "500ms"}}

SLOW = {
    "latency": lambda proxy: proxy.delay(0.04, jitter=0.03),
    "slow drip": lambda proxy: proxy.drip(100, 0.002),
}
# Of a connection. A request of HTTP and its answer have a few hundred bytes each, a login over SSH has about 2,700.
# Where Supabase answers nothing it is soon left in peace, so in between some of it gets through.
BYTES = {
    "supabase": [2500, 0, 2500, 1, 2500, 100, 2500, 250],
    "matomo": [0, 100, 700, 1, 400],
    "ssh": [0, 1, 20, 100, 400, 1000, 2000, 3000, 4000, 6000],
}


def cuts(direction, how="reset"):
    return lambda proxy, path: [proxy.cut_after(count, direction, times=1, how=how) for count in BYTES[path]]


BROKEN = {
    "reset at once": lambda proxy, path: [proxy.reset_new(times=4)],
    "cut in the request": cuts("request"),
    "cut in the reply": cuts("reply"),
    "closed in the reply": cuts("reply", how="close"),
    "silent": lambda proxy, path: [proxy.silence(direction, after, times=1) for direction, after in
                                   (("request", 0), ("reply", 700), ("both", 0), ("both", 1000))],
}


@pytest.fixture
def scene(make_scene):
    return make_scene(SERVERS, SITES)


def proxies(scene, path):
    return {"supabase": [scene.supabase], "matomo": [scene.matomo], "ssh": scene.ssh}[path]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", SLOW)
def test_a_slow_path_is_just_slow(scene, path, how):
    faults = [SLOW[how](proxy) for proxy in proxies(scene, path)]
    scene.finish()
    assert all(fault.met for fault in faults)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("how", BROKEN)
def test_a_path_that_breaks_again_and_again(scene, path, how):
    faults = [fault for proxy in proxies(scene, path) for fault in BROKEN[how](proxy, path)]
    scene.start(**SHORT)
    scene.finish(matomo=path != "matomo")
    assert sum(fault.met for fault in faults) >= 3


@pytest.mark.parametrize("path", PATHS)
def test_every_connection_is_reset_amid_the_work(scene, path):
    with scene.servers[0].hold(SITE_ADD), scene.servers[1].hold(CERTIFICATE) as held:
        scene.start()
        held.wait_reached()
        for proxy in proxies(scene, path):
            proxy.reset_connections()
    scene.finish()


@pytest.mark.parametrize("path", PATHS)
def test_refused_for_a_while(scene, path):
    for proxy in proxies(scene, path):
        proxy.refuse()
    scene.start(**SHORT)
    scene.daemon.wait_log({"supabase": "Supabase cannot be used", "ssh": "E_SSH_UNREACHABLE",
                           "matomo": "the site has no Matomo entry"}[path])
    for proxy in proxies(scene, path):
        proxy.listen()
    scene.finish(matomo=path != "matomo")


@pytest.mark.parametrize("command", [SITE_ADD, CERTIFICATE])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_server_that_falls_silent_during_a_command(scene, command, moment):
    """Half-open: nothing comes back although the command ended, until the path is healed or the connection reset."""
    (silent, other), (path, _) = scene.servers, scene.ssh
    with silent.hold(command, moment=moment) as held:
        scene.start(**SHORT)
        held.wait_reached()
        path.silence()
    # The other server's sites do not wait for it.
    scene.sandbox.wait_for_sites(30, ids=[site.id for site in scene.sites if site.server is other])
    assert scene.pending() == len([site for site in scene.sites if site.server is silent])
    if moment == "before":
        path.reset_connections()
    path.heal()
    scene.finish()
