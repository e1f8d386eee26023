"""Goal 6: from the Hub's commit, or its POST /process, to the first command on the server, over a warm connection."""

import http.client
import json
import random
import time

from . import plot, program
from .arithmetic import percentile
from .results import Goal, Measured, Row
from .stage import SITE_ADD, Stage, new_domains
from hosting_sandbox import wait_for
from hosting_sandbox.processes import free_port

SIZES = {"short": {"sites": 5, "interval_ms": 100}, "full": {"sites": 200, "interval_ms": 500}}
MARGIN_MS = 30
SEED = 6  # of the moments between two polls at which rows are committed


class Picked:
    """Sites that are brought up one after the other by one running daemon; the first one logs in and does not count."""

    def __init__(self, stage, poll_interval, count):
        self.stage, self.server = stage, stage.servers[0]
        self.listen = ("127.0.0.1", free_port())
        stage.forget()
        with program.Requests(stage.sandbox.gateway) as requests, \
                program.daemon(stage, supabase={"poll_interval": poll_interval},
                               http={"listen": "%s:%d" % self.listen}) as running:
            wait_for(requests.polls, 20, "the first poll", interval=program.LOOK_SECONDS)
            latencies = []
            for number in range(1, count + 2):
                latencies.append(self._one())
                program.wait_written(running, requests, number, 60)
            program.end(running)
        self.milliseconds = latencies[1:]
        active = stage.sandbox.sql("select count(*) as count from sites where status_hosting = 'active'")[0]["count"]
        if active != count + 1:
            raise AssertionError(f"{active} of {count + 1} sites are active")

    def _one(self):
        (domain,) = new_domains(1)
        before = self.ask(domain)
        first = wait_for(lambda: next((call for call in self.stage.calls(self.server)
                                       if call.domain == domain and call.command == SITE_ADD), None), 60, "the first command")
        return 1000 * (first.at - before)


class ByPoll(Picked):
    """A row appears at some moment between two polls."""

    def __init__(self, stage, interval_ms, count):
        self._moments, self._interval_ms = random.Random(SEED), interval_ms
        super().__init__(stage, f"{interval_ms}ms", count)

    def ask(self, domain):
        time.sleep(self._moments.uniform(0, self._interval_ms / 1000))
        before = time.monotonic()  # the commit is a little later, so this is at the daemon's cost
        self.stage.sandbox.add_site(domain, self.server)
        return before


class ByCall(Picked):
    """The Hub writes the row and calls; nothing but the call makes the daemon look."""

    def __init__(self, stage, count, named):
        self._named = named
        super().__init__(stage, "1h", count)

    def ask(self, domain):
        site = self.stage.sandbox.add_site(domain, self.server)
        body = {"supabase_url": self.stage.sandbox.url, "supabase_service_key": self.stage.sandbox.service_key}
        if self._named:
            body["site_id"] = str(site)
        hub = http.client.HTTPConnection(*self.listen, timeout=20)
        before = time.monotonic()
        hub.request("POST", "/process", json.dumps(body), {"Content-Type": "application/json"})
        answer = hub.getresponse()
        if answer.status != 200:
            raise AssertionError(f"the call was answered {answer.status}: {answer.read()}")
        hub.close()
        return before


def measure(sites, interval_ms):
    with Stage(1) as stage:
        polled = ByPoll(stage, interval_ms, sites).milliseconds
        called = {"POST /process for the site": ByCall(stage, sites, named=True).milliseconds,
                  "POST /process": ByCall(stage, sites, named=False).milliseconds}
    goals = [Goal("6", f"p99 from commit to first command beyond the interval ({interval_ms} ms)",
                  [percentile(polled, 99) - interval_ms], "<=", MARGIN_MS, "ms")]
    goals += [Goal("6", f"p99 from {name} to first command", [percentile(one, 99)], "<=", MARGIN_MS, "ms")
              for name, one in called.items()]
    shown = [Row(f"{name}, p{percent}", "ms", [percentile(one, percent)])
             for name, one in {"commit": polled, **called}.items() for percent in (50, 99)]
    return Measured("pickup", f"Pick-up latency: {sites} sites, poll interval {interval_ms} ms", shown, goals, {
        "pickup.svg": plot.steps("From commit to first command", "ms", {f"interval {interval_ms} ms": polled}),
        "pickup-calls.svg": plot.steps("From call to first command", "ms", called)})
