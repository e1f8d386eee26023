"""Goal 4: a day's worth of polls, called for one after the other; rows of a paused server wait meanwhile."""

import http.client
import json

from . import plot, program, usage
from .results import Goal, Measured, Row
from .stage import Stage, new_domains
from hosting_sandbox import wait_for
from hosting_sandbox.processes import free_port

SIZES = {"short": {"count": 60, "rows": 5}, "full": {"count": 17_280, "rows": 100}}
AT_ONCE = 10
SHARES = range(10, 101, 10)  # percent of the polls; what comes before the first is warming up
NEGLIGIBLE_KIB = 64


class Hub:
    """Calls for a poll, over one connection after the other."""

    def __init__(self, stage, address):
        self._body = json.dumps({"supabase_url": stage.sandbox.url, "supabase_service_key": stage.sandbox.service_key})
        self._address = address

    def call(self, times):
        for _ in range(times):
            connection = http.client.HTTPConnection(*self._address, timeout=20)
            connection.request("POST", "/process", self._body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            if answer.status != 200:
                raise AssertionError(f"the call was answered {answer.status}: {answer.read()}")
            connection.close()


def measure(count, rows):
    with Stage(1, matomo=False) as stage:
        server = stage.servers[0]
        stage.sandbox.sql("update servers set is_active = false where id = %s", server.id)
        stage.sandbox.add_sites(new_domains(rows), server)
        address = ("127.0.0.1", free_port())
        with program.Requests(stage.sandbox.gateway) as requests, \
                program.daemon(stage, supabase={"poll_interval": "1h"}, http={"listen": "%s:%d" % address}) as running:
            wait_for(requests.polls, 20, "the first poll", interval=program.LOOK_SECONDS)
            hub, kib = Hub(stage, address), []
            for share in SHARES:
                while len(requests.polls()) < count * share // 100:  # calls that come during a poll are one
                    hub.call(AT_ONCE)
                kib.append(usage.kib(running.pid, "RssAnon"))
            program.end(running)
    shown = [Row(f"after {count * share // 100} polls", "KiB", [one]) for share, one in zip(SHARES, kib)]
    goal = Goal("4", f"growth over {count} polls, from a tenth of them on", [kib[-1] - kib[0]], "<=", NEGLIGIBLE_KIB, "KiB")
    drawing = plot.lines("Memory over a day's worth of polls", "polls", "KiB", {
        "anonymous RSS": [(count * share // 100, one) for share, one in zip(SHARES, kib)]})
    return Measured("polls", f"Memory over {count} polls, {rows} rows waiting", [shown[0], shown[-1]], [goal],
                    {"memory-polls.svg": drawing})
