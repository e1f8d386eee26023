"""Goal 3: the client's processor time for a command; all of each process's life, but for Python's imports."""

from . import contenders, plot, program
from .arithmetic import median, paired_ratios
from .results import Goal, Measured, Row
from .rounds import alternate
from .stage import Stage, new_domains

SIZES = {"short": {"sites": 4, "rounds": 1}, "full": {"sites": 200, "rounds": 3}}

BARE, FLOOR = "libssh2 loop, bare clpctl", "libssh2 loop, our scripts"
LEAN, HTTP, TLS = "daemon, HTTP, no Matomo", "daemon, HTTP and Matomo", "daemon, TLS and Matomo"


def measure(sites, rounds):
    with Stage(1) as stage:
        def with_new(run, **options):
            return lambda: run(stage, new_domains(sites), **options)
        found = alternate({
            LEAN: with_new(program.bring_up, matomo={"enabled": False}),
            HTTP: with_new(program.bring_up),
            TLS: with_new(program.bring_up, https=True),
            FLOOR: with_new(contenders.bare_loop, scripts=True),
            BARE: with_new(contenders.bare_loop),
            "Paramiko, bare clpctl": with_new(contenders.paramiko),
            "ssh ControlMaster, xargs -P8, bare clpctl": with_new(contenders.control_master),
        }, rounds)
    each = {name: [one.cpu_ms_each for one in runs] for name, runs in found.items()}
    goals = [Goal("3", f"{name} / {floor}", paired_ratios(each[name], each[floor]), "<=", 3)
             for name, floor in ((LEAN, FLOOR), (LEAN, BARE), (TLS, FLOOR))]
    drawing = plot.bars("Client's processor time", "ms/command", [(name, median(one)) for name, one in each.items()])
    return Measured("cpu", f"Client's processor time, {sites} sites", [Row(name, "ms/command", one) for name, one in each.items()],
                    goals, {"cpu.svg": drawing})
