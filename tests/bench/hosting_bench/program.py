"""The daemon under measurement. The clock starts when its first poll is answered and stops with the last outcome's
write, both as the gateway's log has them."""

import contextlib
import json
import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import places  # noqa: F401: it says where the next ones are
from automator import Automator
from hosting_sandbox import wait_for

LOOK_SECONDS = 0.02  # rarely enough to take no processor from what is measured


@dataclass
class Spent:
    """What a client took for its commands."""

    seconds: float
    commands: int
    cpu_seconds: float

    @property
    def rate(self):
        return self.commands / self.seconds

    @property
    def cpu_ms_each(self):
        return 1000 * self.cpu_seconds / self.commands


@contextlib.contextmanager
def daemon(stage, https=False, **sections):
    """A running daemon with a state of its own and, but for what a sandbox needs, the default configuration."""
    chosen = {"supabase": {"poll_interval": "5s"}, "retry": {"max_attempts": 1}, "log": {"level": "info"}}
    if https:
        chosen["supabase"] |= {"url": stage.sandbox.https_url, "ca_file": str(stage.sandbox.ca_file)}
    for name, keys in sections.items():
        chosen[name] = chosen.get(name, {}) | keys
    with tempfile.TemporaryDirectory(prefix="hosting-bench.") as folder:
        automator = Automator(stage.sandbox, folder)
        try:
            running = automator.start(**chosen)
            yield running
            if running.process.poll() not in (None, 0, -signal.SIGKILL):  # killed by the measurement
                raise AssertionError(f"the daemon ended with {running.process.returncode}:\n{running.log[-2000:]}")
        finally:
            automator.close()


class Requests:
    """The gateway's log as it grows; begins with what is there now."""

    def __init__(self, gateway):
        self._log = open(Path(gateway.folder) / "access.log", encoding="utf-8")
        self._rest = ""
        self._polls = []
        self._written = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._log.close()

    def _read(self):
        *lines, self._rest = (self._rest + self._log.read()).split("\n")
        for one in map(json.loads, lines):
            if one["status"] < 300 and one["uri"].startswith("/rest/v1/sites?"):
                if one["method"] == "PATCH":
                    self._written.append(one["at"])
                elif "&order=" in one["uri"] and "&id=gt." not in one["uri"]:
                    self._polls.append(one["at"])

    def polls(self):
        """When the first page of each was answered."""
        self._read()
        return self._polls

    def written(self):
        """When each outcome was."""
        self._read()
        return self._written


def end(running):
    """Ends the daemon and returns the processor time of its whole life."""
    running.process.terminate()
    _, status, used = os.wait4(running.pid, 0)
    running.process.returncode = os.waitstatus_to_exitcode(status)
    if running.process.returncode != 0:
        raise AssertionError(f"the daemon ended with {running.process.returncode}:\n{running.log[-2000:]}")
    return used.ru_utime + used.ru_stime


def bring_up(stage, domains, timeout=600, **options):
    """All these sites, from pending to active, by a new daemon; checks that they are."""
    stage.forget()
    stage.forget_matomo()
    for server, its in stage.deal(domains).items():
        stage.sandbox.add_sites(its, server)
    with Requests(stage.sandbox.gateway) as requests, daemon(stage, **options) as running:
        wait_written(running, requests, len(domains), timeout)
        cpu_seconds = end(running)
        first, last = min(requests.polls()), max(requests.written())
    stage.check_rows(domains)
    for server, its in stage.deal(domains).items():
        stage.check_disk(server, its)
    return Spent(last - first, 2 * len(domains), cpu_seconds)


def wait_written(running, requests, count, timeout):
    """Until so many outcomes are in the database."""
    try:
        wait_for(lambda: running.process.poll() is not None or len(requests.written()) >= count, timeout,
                 f"{count} outcomes are written", interval=LOOK_SECONDS)
    except TimeoutError:
        print(running.log[-3000:])
        raise
