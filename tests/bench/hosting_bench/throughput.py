"""Goal 1: commands that take no time, on one server."""

from . import contenders, plot, program
from .arithmetic import median, paired_ratios
from .results import Goal, Measured, Row
from .rounds import alternate
from .stage import Stage, new_domains

SIZES = {"short": {"sites": 5, "rounds": 1}, "full": {"sites": 200, "rounds": 7}}

DAEMON, BARE, FLOOR = "daemon (HTTP, Matomo, database included)", "libssh2 loop, bare clpctl", "libssh2 loop, our scripts"
PARAMIKO, NODELAY = "Paramiko, bare clpctl", "Paramiko with TCP_NODELAY, our scripts"


def measure(sites, rounds):
    with Stage(1) as stage:
        def with_new(run, **options):
            return lambda: run(stage, new_domains(sites), **options)
        found = alternate({
            DAEMON: with_new(program.bring_up),
            FLOOR: with_new(contenders.bare_loop, scripts=True),
            BARE: with_new(contenders.bare_loop),
            PARAMIKO: with_new(contenders.paramiko),
            "Paramiko with TCP_NODELAY, bare clpctl": with_new(contenders.paramiko, nodelay=True),
            NODELAY: with_new(contenders.paramiko, nodelay=True, scripts=True),
            "ssh ControlMaster, xargs -P8, bare clpctl": with_new(contenders.control_master),
            "daemon without Matomo": with_new(program.bring_up, matomo={"enabled": False}),
        }, rounds)
    rates = {name: [one.rate for one in runs] for name, runs in found.items()}
    goals = [
        Goal("1", "daemon / libssh2 loop with our scripts", paired_ratios(rates[DAEMON], rates[FLOOR]), ">=", 0.9),
        Goal("1", "price of safety: libssh2 loop with our scripts / with bare clpctl",
             paired_ratios(rates[FLOOR], rates[BARE]), ">=", 0.5),
        Goal("1", "daemon / Paramiko with bare clpctl", paired_ratios(rates[DAEMON], rates[PARAMIKO]), ">=", 7),
        Goal("1", "daemon / Paramiko with TCP_NODELAY and our scripts", paired_ratios(rates[DAEMON], rates[NODELAY]), ">=", 1),
    ]
    drawing = plot.bars("Instant commands, one server", "commands/s", [(name, median(one)) for name, one in rates.items()])
    return Measured("throughput", f"Throughput: {sites} sites on one server, instant commands",
                    [Row(name, "commands/s", one) for name, one in rates.items()], goals, {"throughput.svg": drawing})
