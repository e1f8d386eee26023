"""Goal 2: commands that take as long as real ones, on many servers."""

from . import contenders, plot, program
from .arithmetic import median
from .results import Goal, Measured, Row
from .rounds import alternate
from .stage import Stage, new_domains

SIZES = {"short": {"sites": 6, "servers": 3, "site_add_ms": 50, "certificate_ms": 100, "rounds": 1},
         "full": {"sites": 200, "servers": 10, "site_add_ms": 300, "certificate_ms": 1000, "rounds": 3}}

DAEMON, SEQUENTIAL = "daemon", "Paramiko, sequential, bare clpctl"


def measure(sites, servers, site_add_ms, certificate_ms, rounds):
    with Stage(servers, site_add_ms, certificate_ms) as stage:
        ideal = max(map(len, stage.deal(range(sites)).values())) * (site_add_ms + certificate_ms) / 1000
        # One after the other takes minutes, and hardly varies: once is enough.
        found = alternate({SEQUENTIAL: lambda: contenders.paramiko(stage, new_domains(sites))}, 1)
        found |= alternate({DAEMON: lambda: program.bring_up(stage, new_domains(sites))}, rounds)
    took = {name: [one.seconds for one in runs] for name, runs in found.items()}
    goals = [Goal("2", "daemon's makespan / ideal", [one / ideal for one in took[DAEMON]], "<=", 1.03),
             Goal("2", "sequential Paramiko / daemon", [took[SEQUENTIAL][0] / one for one in took[DAEMON]], ">=", 9)]
    rows = [Row("ideal", "s", [ideal], "the slowest server's sum of command times"),
            *(Row(name, "s", one) for name, one in took.items())]
    drawing = plot.bars("Real latencies: makespan", "s", [("ideal", ideal), *((name, median(one)) for name, one in took.items())])
    return Measured("makespan", f"Makespan: {sites} sites on {servers} servers, site:add {site_add_ms} ms, certificate "
                    f"{certificate_ms} ms", rows, goals, {"makespan.svg": drawing})
