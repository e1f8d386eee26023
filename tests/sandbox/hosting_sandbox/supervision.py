"""The library's side of the supervisor: start it, ask it, end it."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from .processes import PYTHON
from .waiting import wait_for

KEEPER_FILE = "keeper.pid"
PACKAGE_PARENT = Path(__file__).resolve().parent.parent


class Supervisor:
    """A running supervisor of the sandbox in `directory`; see supervisor.py for what it does."""

    def __init__(self, directory, process):
        self.directory = Path(directory)
        self.keeper_pid = process.pid
        self._process = process

    @classmethod
    def start(cls, directory, detached):
        """`detached`: lives on after this process; otherwise it tears down when this process is gone."""
        command = [PYTHON, "-E", "-s", "-m", "sandbox_supervisor.supervisor", str(directory)]
        process = subprocess.Popen(
            command if detached else [*command, "--follow-stdin"],
            stdin=subprocess.DEVNULL if detached else subprocess.PIPE, stdout=subprocess.PIPE,
            start_new_session=True, cwd=PACKAGE_PARENT)
        with process.stdout as pipe:
            if pipe.readline() != b"ready\n":
                log = Path(directory, "supervisor.log")
                raise RuntimeError("the sandbox's supervisor did not start (root is needed): "
                                   + (log.read_text() if log.exists() else f"exit {process.wait()}"))
        Path(directory, KEEPER_FILE).write_text(f"{process.pid}\n", encoding="ascii")
        return cls(directory, process)

    def ask(self, do, **fields):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.directory / "supervisor.sock"))
            with connection.makefile("rwb") as stream:
                stream.write(json.dumps({"do": do, **fields}, default=str).encode() + b"\n")
                stream.flush()
                answer = json.loads(stream.readline())
        if "error" in answer:
            raise RuntimeError(f"{do}: {answer['error']}\n{answer.get('traceback', '')}")
        return answer

    def spawn(self, name, argv, log, **options):
        """Starts a process and returns its pid as the host sees it."""
        return self.ask("spawn", name=name, argv=[str(part) for part in argv], log=log, **options)["host_pid"]

    def stop(self, name, signal_number=signal.SIGTERM, timeout=5):
        self.ask("stop", name=name, signal=int(signal_number), timeout=timeout)

    def signal(self, name, signal_number):
        self.ask("signal", name=name, signal=int(signal_number))

    def wait_ready(self, name, predicate, log, what, timeout=20):
        """Waits for a process that was spawned; if it ends instead, what it logged is in the error."""
        def ready_or_gone():
            try:
                if predicate():
                    return "ready"
            except OSError:  # not there yet
                pass
            return None if name in self.running() else "gone"

        try:
            state = wait_for(ready_or_gone, timeout, what)
        except TimeoutError:
            state = "stuck"
        if state != "ready":
            raise RuntimeError(f"{name} is {state} before {what}; its log ends:\n{Path(log).read_text()[-2000:]}")

    def running(self):
        """name -> pid (the host's) of everything that was started and still runs."""
        return self.ask("names")["names"]

    def end(self, timeout=60):
        """Kills everything, waits until it is gone and the folder removed."""
        if self._process.stdin:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(timeout)


def end_sandbox(directory, timeout=10):
    """Ends a sandbox that another process started, by the recorded pid of its keeper, and removes the folder."""
    record = directory / KEEPER_FILE
    if not record.exists():
        raise RuntimeError(f"{directory} is no sandbox")
    pid = int(record.read_text())
    try:
        keeper = os.pidfd_open(pid)
    except ProcessLookupError:
        keeper = None
    if keeper is not None:
        try:
            if str(directory.resolve()).encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                signal.pidfd_send_signal(keeper, signal.SIGTERM)
                if not select.select([keeper], [], [], timeout)[0]:
                    raise RuntimeError(f"the sandbox's keeper, process {pid}, did not end in {timeout} s")
        finally:
            os.close(keeper)
    shutil.rmtree(directory, ignore_errors=True)  # the keeper did, unless it was killed
