"""Looking at processes through /proc, and free ports."""

import os
import random
import socket
from pathlib import Path

PYTHON = "/usr/bin/python3"  # Debian's, whatever python3 stands first in the PATH
PORTS_OF_WORKERS = {"gw0": (10000, 20000), "gw1": (20000, 30000)}


def status_of(pid):
    """The fields of /proc/PID/status as a dict; empty if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def send_signal(pid, number):
    """Nothing happens if the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def tree_of(root):
    """`root` and all its descendants."""
    children = {}
    for pid in all_pids():
        parent = status_of(pid).get("PPid")
        if parent:
            children.setdefault(int(parent), []).append(pid)
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(children.get(pid, []))
    return found


def members_of_pid_namespace(member):
    """All processes in the same pid namespace as `member` (not those in namespaces below it)."""
    wanted = os.stat(f"/proc/{member}/ns/pid").st_ino
    found = []
    for pid in all_pids():
        try:
            if os.stat(f"/proc/{pid}/ns/pid").st_ino == wanted:
                found.append(pid)
        except OSError:  # gone, or not ours to look at
            continue
    return found


def free_port(address="127.0.0.1"):
    """A port nobody listens on, below the range from which outgoing connections take theirs, and of none of the other
    workers' of pytest-xdist: it may be bound long after."""
    first, end = PORTS_OF_WORKERS.get(os.environ.get("PYTEST_XDIST_WORKER"), (10000, 30000))
    for _ in range(200):
        port = random.randrange(first, end)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port on {address}")
