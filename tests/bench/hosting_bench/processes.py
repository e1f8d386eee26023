"""What a stage starts on the server: processes and programs, counted by strace. No goal, but what a stage's cost is made of."""

import re

from . import commands
from .results import Measured, Row
from .stage import Stage, new_domains

SIZES = {"short": {}, "full": {}}
STRACE_LOG = "/tmp/strace"


def _count(server, command):
    """(processes, programs) that a login's shell starts for a command, the shell included."""
    server.run("strace", "-f", "-qq", "-o", STRACE_LOG, "-e", "trace=fork,vfork,clone,clone3,execve",
               "/bin/bash", "-c", command, check=True)
    lines = server.read(STRACE_LOG).splitlines()
    # A call that another process interrupts is two lines, of which the second has the result.
    done = [match[1] for line in lines
            if (match := re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed).*= (?!-1)", line))]
    programs = done.count("execve")
    return 1 + len(done) - programs, programs


def measure():
    with Stage(1, matomo=False) as stage:
        server, (bare, first, ours) = stage.servers[0], new_domains(3)
        commands.write_scripts(stage.folder / "scripts", [first, ours], stage.folder / "self-signed.crt")
        *of_first, create, install = (stage.folder / "scripts").read_text().split("\0")[:-1]
        for command in of_first:  # the first site of a server leaves the installation's note
            _count(server, command)
        add, certificate = commands.bare([bare])
        counted = {"site:add, bare": add, "certificate, bare": certificate,
                   "site, our script": create, "certificate, our script": install}
        rows = []
        for name, command in counted.items():
            processes, programs = _count(server, command)
            rows += [Row(name, "processes", [processes], f"{programs} programs")]
        stage.check_disk(server, [bare, first, ours])
    return Measured("processes", "Processes that a stage starts on the server, the login shell included", rows, [])
