"""What a process has used, from /proc."""

from pathlib import Path

from hosting_sandbox.processes import status_of


def kib(pid, name):
    """A size of /proc/PID/status: RssAnon, VmRSS, ..."""
    return int(status_of(pid)[name].split()[0])


def switches(pid):
    """How often its threads went to sleep so far: each is a wake-up."""
    return sum(_voluntary(task) for task in Path(f"/proc/{pid}/task").iterdir())


def _voluntary(task):
    lines = (task / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("voluntary_ctxt_switches")).split()[1])


def cpu_seconds(pid):
    """Of its threads that live, to the nanosecond; /proc/PID/stat counts hundredths of a second."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
