"""Goal 5: a daemon that has nothing to do, after it has done something: its SSH connections are still open."""

import time

from . import program, usage
from .results import Goal, Measured, Row
from .stage import Stage, new_domains
from hosting_sandbox import wait_for

SIZES = {"short": {"seconds": 1, "settled_polls": 0}, "full": {"seconds": 60, "settled_polls": 2}}
KIB_IN_MIB = 1024


def _watch(stage, interval, seconds, settled_polls):
    """Anonymous and all RSS (KiB), processor seconds, wake-ups and polls in a window of so many seconds."""
    stage.forget()
    domains = new_domains(2 * len(stage.servers))
    for server, its in stage.deal(domains).items():
        stage.sandbox.add_sites(its, server)
    with program.Requests(stage.sandbox.gateway) as requests, \
            program.daemon(stage, supabase={"poll_interval": interval}) as running:
        program.wait_written(running, requests, len(domains), 60)
        stage.check_rows(domains)
        worked = len(requests.polls())
        wait_for(lambda: len(requests.polls()) >= worked + settled_polls, 60, "it is idle", interval=program.LOOK_SECONDS)
        polls, cpu, wake_ups = len(requests.polls()), usage.cpu_seconds(running.pid), usage.switches(running.pid)
        time.sleep(seconds)  # the window that is measured
        found = {"cpu": usage.cpu_seconds(running.pid) - cpu, "wake_ups": usage.switches(running.pid) - wake_ups,
                 "polls": len(requests.polls()) - polls, "anonymous": usage.kib(running.pid, "RssAnon"),
                 "all": usage.kib(running.pid, "VmRSS")}
        program.end(running)
    return found


def measure(seconds, settled_polls):
    with Stage(2) as stage:
        usual = _watch(stage, "5s", seconds, settled_polls)
        silent = _watch(stage, "1h", seconds, 0)
    goals = [Goal("5", "anonymous RSS", [usual["anonymous"] / KIB_IN_MIB], "<=", 6, "MiB"),
             Goal("5", "share of a core at the default interval", [100 * usual["cpu"] / seconds], "<=", 0.1, "%")]
    rows = [Row("all RSS", "MiB", [usual["all"] / KIB_IN_MIB], "the program's file included"),
            Row("wake-ups at the default interval", "/s", [usual["wake_ups"] / seconds], f"{usual['polls']} polls in {seconds} s"),
            Row("wake-ups between polls", "/s", [silent["wake_ups"] / seconds],
                f"interval 1h, {silent['polls']} polls in {seconds} s, two SSH connections open; keep-alive each 30 s")]
    return Measured("idle", f"Idle, {seconds} s", rows, goals)
