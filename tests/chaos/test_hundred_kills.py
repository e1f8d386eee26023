"""100 kill -9s during a run of 40 sites on four servers, at chosen side effects and at random moments.

HOSTING_CHAOS_SEED=N repeats the choices of an earlier run, whose number a failure shows.
"""

import contextlib
import os
import random
from collections import Counter

from hosting_sandbox import wait_for
from pace import Pace
from requests_of_a_site import MATOMO, MOMENTS, SUPABASE

KILLS = 100
SITES = 40
SERVERS = 4
COMMANDS_OF_A_SERVER = 2 * SITES // SERVERS - 3  # one is held beyond these, and another may slip through
PATIENCE_SECONDS = 0.6  # if nothing came to the chosen place by then, it is a kill at a random moment
SSH_BYTES = 8_000  # of a connection, about


class Killer:
    """Gives the daemon one life after the other, and ends each at a place that the dice choose."""

    def __init__(self, scene, dice):
        self.kills = Counter()
        self._scene = scene
        self._dice = dice

    def one_life(self):
        kind = self._dice.choice([self.at_a_random_moment, self.at_a_request, self.at_a_request, self.at_a_command,
                                  self.amid_an_ssh_connection])
        hit = kind()
        self._scene.kill()
        self._scene.wait_killed()
        for proxy in self._scene.proxies:
            proxy.forget_triggers()
            proxy.heal()
        self.kills[kind.__name__ if hit else self.at_a_random_moment.__name__] += 1

    def at_a_random_moment(self):
        self._scene.start()
        self._wait(self._dice.uniform(0, PATIENCE_SECONDS))
        return True

    def at_a_request(self):
        name, request = self._dice.choice([*SUPABASE.items(), *MATOMO.items()])
        path = self._scene.supabase if name in SUPABASE else self._scene.matomo
        path.on(request, self._scene.kill, moment=self._dice.choice(MOMENTS), cut=True)
        self._scene.start()
        return self._wait()

    def at_a_command(self):
        moment = self._dice.choice(["before", "after"])
        with contextlib.ExitStack() as stack:
            holds = [stack.enter_context(server.hold(moment=moment)) for server in self._scene.servers]
            self._scene.start()
            hit = self._wait(2 * PATIENCE_SECONDS, lambda: any(hold.reached() for hold in holds))
            self._scene.kill()
        return hit

    def amid_an_ssh_connection(self):
        count, direction = self._dice.randrange(SSH_BYTES), self._dice.choice(["request", "reply"])
        self._dice.choice(self._scene.ssh).cut_after(count, direction, times=1, action=self._scene.kill)
        self._scene.start()
        return self._wait()

    def _wait(self, seconds=PATIENCE_SECONDS, until=lambda: False):
        """Whether the place was reached in time."""
        try:
            return wait_for(lambda: self._scene.daemon.process.poll() is not None or until(), seconds, "the place")
        except TimeoutError:
            return False


def test_a_hundred_kills_during_a_run_of_forty_sites(make_scene):
    seed = int(os.environ.get("HOSTING_CHAOS_SEED") or random.randrange(1_000_000))
    print(f"HOSTING_CHAOS_SEED={seed}")
    scene = make_scene(SERVERS, SITES)
    killer = Killer(scene, random.Random(seed))
    with Pace(scene.servers, COMMANDS_OF_A_SERVER, KILLS) as pace:
        while scene.kills < KILLS:
            pace.set(scene.kills)
            killer.one_life()
            assert scene.failures() == []
        pending = scene.pending()
    print(f"{pending} of {SITES} sites pending after these kills: {dict(killer.kills)}")
    assert pending > 0
    scene.finish(timeout=60)
