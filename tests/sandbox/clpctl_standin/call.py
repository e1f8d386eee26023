"""One call: its record, its knobs, and whether another mutating call runs at the same time.

Everything lies in STATE, which the test sees from outside:

    calls.jsonl   append-only; a "start" line before any effect, an "end" line after, others between
    knobs.json    written by the test (README.md has the table); read once, at the start
    spent/ID      one byte for each use of a knob that has a count
    running/PID   held with flock by a running mutating call, so that kill -9 leaves no false trace
    holds/ID      locked by the test while it wants a call to stand still
    gate          flock'ed while a call decides which knobs it gets and who else runs
"""

import fcntl
import json
import os
import time

STATE = "/var/lib/clpctl-standin"
SECRET_OPTIONS = ("--siteUserPassword", "--password")


def without_secrets(arguments):
    """The arguments with each password replaced by its length."""
    shown, secret_follows = [], False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if secret_follows:
            shown.append(f"<{len(argument)} characters>")
            secret_follows = False
        elif name in SECRET_OPTIONS and equals:
            shown.append(f"{name}=<{len(value)} characters>")
        else:
            secret_follows = argument in SECRET_OPTIONS
            shown.append(argument)
    return shown


class Call:
    """The call that this process is. `effects` are the knobs that apply to it."""

    def __init__(self, arguments, command, names, mutating):
        self.effects = {}
        self._marker = None
        self._log = os.open(f"{STATE}/calls.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self.id = f"{os.getpid()}-{time.monotonic_ns()}"
        gate = os.open(f"{STATE}/gate", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(gate, fcntl.LOCK_EX)
        try:
            overlapping = self._enter() if mutating else []
            knobs = self._take_knobs(command, names)
            self.note("start", pid=os.getpid(), uid=os.geteuid(), argv=without_secrets(arguments),
                      mutating=mutating, overlapping=overlapping, knobs=knobs)
        finally:
            os.close(gate)

    def note(self, event, **fields):
        """Appends a line; one write, so that lines of parallel calls do not mix."""
        line = {"id": self.id, "event": event, "at": time.monotonic(), **fields}
        os.write(self._log, json.dumps(line).encode() + b"\n")

    def _enter(self):
        """Marks this call as running and returns the pids of the other mutating calls that are."""
        others = []
        folder = f"{STATE}/running"
        for name in os.listdir(folder):
            path = f"{folder}/{name}"
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)  # its process is gone
            except BlockingIOError:
                others.append(int(name))
            finally:
                os.close(descriptor)
        self._marker = os.open(f"{folder}/{os.getpid()}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(self._marker, fcntl.LOCK_EX)  # until the last process of this call has ended
        return others

    def _take_knobs(self, command, names):
        """Merges the effects of all rules that apply (later ones win), counts their use, returns their ids."""
        try:
            with open(f"{STATE}/knobs.json", "rb") as file:
                rules = json.load(file)["rules"]
        except FileNotFoundError:
            return []
        taken = []
        for rule in rules:
            if rule.get("command") not in (None, command):
                continue
            if rule.get("domain") is not None and rule["domain"] not in names:
                continue
            if not self._spend(rule):
                continue
            self.effects.update(rule)
            if "hold" in rule:
                self.effects["hold_id"] = rule["id"]
            taken.append(rule["id"])
        return taken

    @staticmethod
    def _spend(rule):
        """Whether this is one of the rule's `times` calls after the first `skip`."""
        skip, times = rule.get("skip") or 0, rule.get("times")
        if not skip and times is None:
            return True
        descriptor = os.open(f"{STATE}/spent/{rule['id']}", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC,
                             0o666)
        try:
            met = os.fstat(descriptor).st_size
            if times is not None and met >= skip + times:
                return False
            os.write(descriptor, b"x")
            return met >= skip
        finally:
            os.close(descriptor)

    def pass_hold(self, moment):
        """Stands still while the test holds the lock of `hold`, if that asks for this moment."""
        if self.effects.get("hold") != moment:
            return
        lock = os.open(f"{STATE}/holds/{self.effects['hold_id']}", os.O_RDONLY | os.O_CLOEXEC)
        self.note("held", moment=moment, knob=self.effects["hold_id"])
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.close(lock)
