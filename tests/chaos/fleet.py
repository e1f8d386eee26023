"""Several daemons that share the queue, each with a state folder of its own and a proxy between it and Supabase."""

import re
import signal
from collections import Counter

from hosting_sandbox import wait_for
from hosting_sandbox.tcp_proxy import TcpProxy
from invariants import assert_done
from scene import SLOWNESS, Scene

LEASE_SECONDS = 2
SHARED = {"mode": "shared", "lease": f"{LEASE_SECONDS}s"}


class Member:
    """One machine of the fleet: life after life of a daemon."""

    def __init__(self, fleet, name, automator):
        self.name = name
        self.running = None
        self.is_frozen = False
        self.supabase = TcpProxy(fleet.sandbox.url)
        self._fleet = fleet
        self._automator = automator
        self._lives = []

    def start(self, **sections):
        sections = {**sections, "queue": {**SHARED, **sections.get("queue", {})}}
        settings = self._fleet.settings(**sections)
        settings["supabase"]["url"] = self.supabase.url
        self.running = self._automator.start(**settings)
        self._lives.append(self.running)
        return self.running

    @property
    def runs(self):
        return self.running is not None and self.running.process.poll() is None

    @property
    def worker(self):
        """Its present life's name in the queue, or None if it has not entered, or has left."""
        mine = re.compile(rf"-{self.running.pid}-[^-]+$")
        return next((worker for worker in self._fleet.queue.workers() if mine.search(worker)), None)

    def wait_entered(self, timeout=20):
        return wait_for(lambda: self.worker, timeout * SLOWNESS, f"{self.name} has entered; its log:\n{self.running.log}")

    def held(self):
        """Ids of the sites on which its lease is alive."""
        worker = self.worker
        return set(self._fleet.queue.held(worker)) if worker else set()

    # --- what befalls it ----------------------------------------------------------------------------------------

    def kill(self):
        self.running.kill()
        self.is_frozen = False

    def freeze(self):
        """Any thread may call it."""
        self.running.signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self):
        self.running.signal(signal.SIGCONT)
        self.is_frozen = False

    def stop(self):
        """SIGTERM, to its end."""
        self.running.wait_log("started")  # until then it would just end it
        run = self.running.stop()
        assert run.code == 0, run.log
        return run

    # --- its log ------------------------------------------------------------------------------------------------

    @property
    def log(self):
        """Of all its lives."""
        return "".join(life.log for life in self._lives)

    def lines(self, pattern):
        return [line for line in self.log.splitlines() if re.search(pattern, line)]

    def brought_up(self):
        """Ids of the sites that are active by its doing, one for each time that it says so."""
        return [re.search(r"SITE_ID=(\S+)", line)[1] for line in self.lines(r", its certificate is valid until")]

    def close(self):
        if self.runs:
            self.kill()
        self.supabase.close()


class Fleet(Scene):
    """The sites and servers of a scene, and `members` in place of its one daemon."""

    def __init__(self, sandbox, new_automator, new_domain, daemons, servers):
        super().__init__(sandbox, None, new_domain, servers)
        self.queue = sandbox.shared_queue
        self.members = []
        self._new_automator = new_automator
        for _ in range(daemons):
            self.add_member()

    def add_member(self):
        name = f"daemon-{len(self.members) + 1}"
        self.members.append(Member(self, name, self._new_automator()))
        return self.members[-1]

    def start(self, **sections):
        for member in self.members:
            member.start(**sections)
        for member in self.members:
            member.wait_entered()

    @property
    def proxies(self):
        return [*super().proxies, *(member.supabase for member in getattr(self, "members", []))]

    def logs(self):
        return "\n".join(f"--- {member.name}\n{member.log}" for member in self.members)

    def finish(self, matomo=True, timeout=30, some_killed=False):
        """Everybody who can works undisturbed until all is done, and goes; nothing is left behind in the queue.

        some_killed: a line may be missing, of who was killed between an outcome's write and its line.
        """
        self.wait_done(timeout)
        for member in self.members:
            if member.runs:
                member.stop()
        assert_done(self.sandbox, self.sites, self.servers, matomo)
        assert self.queue.held() == {} and self.queue.jobs() == 0
        assert self.queue.incidents() == []
        told = Counter(site for member in self.members for site in member.brought_up())
        untold = {site.id for site in self.sites} - set(told)
        assert max(told.values(), default=0) <= 1, f"told more than once: {told}"
        assert some_killed or not untold, f"told by nobody: {untold}"

    def close(self):
        for member in self.members:
            member.close()
        for proxy in super().proxies:
            proxy.close()
