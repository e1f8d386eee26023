"""Several daemons on one queue: what sharing costs in requests, and commands/s with one, two and four of them."""

import contextlib

from . import plot, program
from .arithmetic import median, paired_ratios
from .results import Goal, Measured, Row
from .rounds import alternate
from .stage import Stage, new_domains
from hosting_sandbox import wait_for

SIZES = {"short": {"sites": 8, "servers": 4, "site_add_ms": 20, "certificate_ms": 50, "rounds": 1, "idle_polls": 2, "interval_s": 0.5},
         "full": {"sites": 160, "servers": 8, "site_add_ms": 300, "certificate_ms": 1000, "rounds": 3, "idle_polls": 12, "interval_s": 5}}
COUNTS = (1, 2, 4)
OF_THE_START = 3  # polls that may have to do with it
SINGLE = "one daemon, single"
SHARED = {count: f"{count} daemon{'s' if count > 1 else ''}, shared" for count in COUNTS}
CLAIM, FINISH = "/rest/v1/rpc/hosting_automator_claim", "/rest/v1/rpc/hosting_automator_finish"


def _is_poll(request):
    return request["uri"] == CLAIM or "/sites?" in request["uri"] and "&order=" in request["uri"]


def _is_write(request):
    return request["method"] == "PATCH" or request["uri"] == FINISH


@contextlib.contextmanager
def _daemons(stage, count, shared, **supabase):
    stage.sandbox.shared_queue.clear()
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(program.daemon(stage, supabase=supabase, queue={"mode": "shared" if shared else "single"}))
               for _ in range(count)]


def _bring_up(stage, sites, count, shared):
    """Seconds from the first poll's answer to the last outcome's write, and the requests that a site took."""
    stage.forget()
    stage.forget_matomo()
    domains = new_domains(sites)
    for server, its in stage.deal(domains).items():
        stage.sandbox.add_sites(its, server)
    with _daemons(stage, count, shared) as running:
        wait_for(lambda: not stage.sandbox.sql("select 1 from sites where status_hosting = 'pending' limit 1")
                 or any(one.process.poll() is not None for one in running), 600, "all are done", interval=program.LOOK_SECONDS)
        for one in running:
            program.end(one)
    answered = [request for request in stage.sandbox.requests() if request["status"] < 300]
    stage.check_rows(domains)
    for server, its in stage.deal(domains).items():
        stage.check_disk(server, its)
    seconds = (max(request["at"] for request in answered if _is_write(request))
               - min(request["at"] for request in answered if _is_poll(request)))
    return seconds, len(stage.sandbox.requests()) / sites


def _idle(stage, shared, polls, interval):
    """Requests a minute of a daemon that has nothing to do, over so many polls."""
    stage.forget()
    with _daemons(stage, 1, shared, poll_interval=f"{int(interval * 1000)}ms") as (running,):
        def polled():
            return [request for request in stage.sandbox.requests() if _is_poll(request)]
        wait_for(lambda: len(polled()) > polls + OF_THE_START, 60 + 2 * polls * interval, "it has polled")
        times = [request["at"] for request in polled()]
        began, ended = times[OF_THE_START], times[OF_THE_START + polls]
        requests = sum(began < request["at"] <= ended for request in stage.sandbox.requests())
        program.end(running)
    return 60 * requests / (ended - began)


def measure(sites, servers, site_add_ms, certificate_ms, rounds, idle_polls, interval_s):
    with Stage(servers, site_add_ms, certificate_ms) as stage:
        stage.sandbox.shared_queue.install()
        limit = 2 * sites / (max(map(len, stage.deal(range(sites)).values())) * (site_add_ms + certificate_ms) / 1000)
        found = alternate({
            SINGLE: lambda: _bring_up(stage, sites, 1, False),
            **{SHARED[count]: lambda count=count: _bring_up(stage, sites, count, True) for count in COUNTS}}, rounds)
        idle = {SINGLE: _idle(stage, False, idle_polls, interval_s), SHARED[1]: _idle(stage, True, idle_polls, interval_s)}
    rates = {name: [2 * sites / seconds for seconds, _ in runs] for name, runs in found.items()}
    rows = [Row("the servers' own limit", "commands/s", [limit], "each one's commands back to back"),
            *(Row(name, "commands/s", one) for name, one in rates.items()),
            *(Row(name, "requests/site", [requests for _, requests in runs], "polls and what a start asks for included")
              for name, runs in found.items()),
            *(Row(f"{name}, idle", "requests/min", [one], f"interval {interval_s} s: {60 / interval_s:.0f} polls")
              for name, one in idle.items())]
    goals = [Goal("sharing", "four daemons / one, shared", paired_ratios(rates[SHARED[4]], rates[SHARED[1]]), ">=", 1),
             Goal("sharing", "requests of an idle daemon / polls", [idle[SHARED[1]] * interval_s / 60], "<=", 1.2)]
    drawing = plot.bars("Sharing", "commands/s", [("the servers' own limit", limit),
                                                  *((name, median(one)) for name, one in rates.items())])
    return Measured("sharing", f"Sharing: {sites} sites on {servers} servers, site:add {site_add_ms} ms, certificate "
                    f"{certificate_ms} ms", rows, goals, {"sharing.svg": drawing})
