"""100 strikes on four daemons that share forty sites: kill -9, frozen past the lease and awake again, stopped.

HOSTING_CHAOS_SEED=N repeats the choices of an earlier run, whose number a failure shows.
"""

import os
import random
import signal
from collections import Counter

from hosting_sandbox import wait_for
from pace import Pace
from requests_of_a_site import SHARED, SUPABASE

STRIKES = 100
DAEMONS = 4
SITES = 40
SERVERS = 4
COMMANDS_OF_A_SERVER = 2 * SITES // SERVERS - 3  # one is held beyond these, and another may slip through
MOST_FROZEN = 2  # at a time; the others find what they leave
PATIENCE_SECONDS = 0.5  # if nothing came to the chosen place by then, it is a strike at a random moment
ASKED = ("row", "key", "servers", "credentials")  # of SUPABASE: where daemons share, it is for these alone
SECTIONS = {"daemon": {"drain_timeout": "1s"}, "ssh": {"connect_timeout": "60s"}}  # to be frozen is no outage
LEFT = r"^<4>left to another daemon: "


class Striker:
    """Strikes one daemon after the other, and brings each back: a frozen one awake, others in a fresh life."""

    def __init__(self, fleet, dice):
        self.strikes = Counter()
        self._fleet = fleet
        self._dice = dice
        self._frozen = {}  # member -> the name that it has in the queue
        self._leaving = {}  # the same of who was stopped and has not ended

    @property
    def count(self):
        return self.strikes.total()

    def strike(self):
        self.bring_back()
        member = self._choose()
        how = self._dice.choice([self._kill, self._kill, self._freeze, self._freeze, self._stop])
        if how == self._freeze and len(self._frozen) >= MOST_FROZEN:
            how = self._kill
        place = self._dice.choice([self._at_a_random_moment, self._at_a_request, self._at_a_request])
        late = self._dice.random() < 0.5
        place(member, lambda: how(member, late))
        self.strikes[how.__name__.strip("_")] += 1

    def bring_back(self):
        """Who has ended begins anew, and who is frozen wakes up when its lease has ended."""
        for member in self._fleet.members:
            if member in self._frozen and not self._fleet.queue.is_alive(self._frozen[member]):
                del self._frozen[member]
                member.thaw()
                self._heal(member)
            if member.runs:
                continue
            if member in self._leaving:
                self._left(member, self._leaving.pop(member))
            self._heal(member)
            member.start(**SECTIONS)

    def _left(self, member, worker):
        """All is given back by who ended in time; of another, only what still ran on a server is left."""
        run = member.running.wait()
        assert (run.code, bool(run.lines("ending at once"))) in ((0, False), (1, True)), run.log
        assert run.code == 1 or worker not in self._fleet.queue.workers()

    def bring_all_back(self):
        def back():
            self.bring_back()
            return not self._frozen and not self._leaving
        wait_for(back, 30, "all are back")

    def _choose(self):
        """One that has entered the queue, and is not being struck already."""
        def ready():
            self.bring_back()
            found = [member for member in self._fleet.members
                     if member.runs and member not in self._frozen and member not in self._leaving and member.worker]
            return self._dice.choice(found) if found else None
        return wait_for(ready, 30, "a daemon to strike")

    @staticmethod
    def _heal(member):
        member.supabase.forget_triggers()
        member.supabase.heal()

    # --- when ---------------------------------------------------------------------------------------------------

    def _at_a_random_moment(self, member, strike):
        self._wait(lambda: False, self._dice.uniform(0, PATIENCE_SECONDS))
        strike()

    def _at_a_request(self, member, strike):
        requests = [*SHARED.values(), *(SUPABASE[name] for name in ASKED)]
        trigger = member.supabase.on(self._dice.choice(requests), strike, moment=self._dice.choice(["before", "answered"]))
        if not self._wait(trigger.fired.is_set, PATIENCE_SECONDS):
            member.supabase.forget_triggers()
            if not trigger.fired.is_set():
                strike()

    @staticmethod
    def _wait(reached, seconds):
        try:
            return wait_for(reached, seconds, "the place")
        except TimeoutError:
            return False

    # --- how ----------------------------------------------------------------------------------------------------

    def _kill(self, member, late):
        member.kill()

    def _freeze(self, member, late):
        self._frozen[member] = member.worker
        member.freeze()
        if late:  # what it said is on its way until it wakes up
            member.supabase.silence("request")

    def _stop(self, member, late):
        self._leaving[member] = member.worker
        member.running.signal(signal.SIGTERM)


def test_a_hundred_strikes_on_four_daemons(make_fleet):
    seed = int(os.environ.get("HOSTING_CHAOS_SEED") or random.randrange(1_000_000))
    print(f"\nHOSTING_CHAOS_SEED={seed}")
    fleet = make_fleet(DAEMONS, SERVERS, SITES)
    fleet.start(**SECTIONS)
    striker = Striker(fleet, random.Random(seed))
    with Pace(fleet.servers, COMMANDS_OF_A_SERVER, STRIKES) as pace:
        while striker.count < STRIKES:
            pace.set(striker.count)
            striker.strike()
            assert fleet.failures() == []
        pending = fleet.pending()
    striker.bring_all_back()
    print(f"{pending} of {SITES} sites pending after these strikes: {dict(striker.strikes)}")
    assert pending > 0
    fleet.finish(timeout=60, some_killed=True)
    left = [line for member in fleet.members for line in member.lines(LEFT)]
    print(f"{len(left)} times a site was left to another daemon, as in:", *left[:5], sep="\n  ")
