"""Reading the stand-in's record of its calls, and holding a call at a chosen moment."""

import fcntl
from dataclasses import dataclass, field

from .json_lines import json_lines
from .waiting import wait_for


@dataclass
class Call:
    """One call of clpctl; times are CLOCK_MONOTONIC seconds, comparable with time.monotonic()."""

    id: str
    pid: int  # in the server's pid namespace
    uid: int
    argv: list  # passwords replaced by their length
    mutating: bool
    overlapping: list  # pids of mutating calls that ran at its start
    start: float
    end: float = None  # None: it still runs, or was killed
    code: int = None
    answer: str = None
    events: list = field(default_factory=list)  # the record's other lines: step, held, issued

    @property
    def command(self):
        return self.argv[0] if self.argv else None

    @property
    def domain(self):
        return self.option("domainName")

    def option(self, name):
        for index, argument in enumerate(self.argv):
            if argument.startswith(f"--{name}="):
                return argument.partition("=")[2]
            if argument == f"--{name}" and index + 1 < len(self.argv):
                return self.argv[index + 1]
        return None

    def event(self, name):
        return next((event for event in self.events if event["event"] == name), None)


def read_calls(path):
    """All calls in the file, in order of their start."""
    calls = {}
    for line in json_lines(path):
        if line["event"] == "start":
            calls[line["id"]] = Call(line["id"], line["pid"], line["uid"], line["argv"], line["mutating"],
                                     line["overlapping"], line["at"])
            continue
        call = calls[line["id"]]
        if line["event"] == "end":
            call.end, call.code, call.answer = line["at"], line["code"], line["answer"]
        else:
            call.events.append(line)
    return list(calls.values())


class Hold:
    """Stops calls for as long as the `with` lasts, by a lock that goes with the test's process."""

    def __init__(self, server, rule):
        self._server = server
        self._id = server.new_rule_id()
        self._rule = {**rule, "id": self._id}
        self._lock = None

    def __enter__(self):
        self._lock = open(self._server.state / "holds" / self._id, "w", encoding="ascii")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._server.knob(**self._rule)
        return self

    def reached(self):
        """The first call that stands still, or None."""
        return next((call for call in self._server.calls()
                     if (call.event("held") or {}).get("knob") == self._id), None)

    def wait_reached(self, timeout=20):
        return wait_for(self.reached, timeout, f"a call is held on {self._server.name}")

    def release(self):
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __exit__(self, *_):
        self._server.remove_knob(self._id)
        self.release()
