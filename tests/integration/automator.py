"""The program under test, with a configuration for one sandbox."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from hosting_sandbox import private_files
from hosting_sandbox.waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("HOSTING_AUTOMATORD") or str(ROOT / "build/release/daemon/hosting-automatord")
SANITIZER = os.environ.get("HOSTING_SANITIZER", "release")
SANITIZER_CODE = 99  # the exit code of a program in which a sanitizer found something
# ThreadSanitizer's shadow does not fit everywhere that a randomised layout may put the program.
LAUNCHER = ["setarch", "-R"] if SANITIZER == "tsan" else []

DEFAULTS = {
    "supabase": {"poll_interval": "100ms"},
    "daemon": {"threads": 4 if SANITIZER == "tsan" else 1, "drain_timeout": "20s"},
    "certificates": {"preflight": "off"},  # the sandbox's domains are nobody's
    "retry": {"max_attempts": 3, "first_delay": "20ms", "max_delay": "100ms"},
    "http": {"listen": ""},
    "log": {"level": "debug", "target": "stderr"},
}


def toml(sections):
    def value(v):
        if isinstance(v, bool):
            return "true" if v else "false"
        return str(v) if isinstance(v, int) else '"' + str(v).replace("\\", "\\\\").replace('"', '\\"') + '"'
    lines = []
    for section, keys in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {value(v)}" for key, v in keys.items()]
    return "\n".join(lines) + "\n"


@dataclass
class Finished:
    """A run that has ended."""

    code: int
    out: str
    log: str

    def lines(self, pattern):
        """The log's lines in which the pattern is found."""
        return [line for line in self.log.splitlines() if re.search(pattern, line)]


class Running:
    """A daemon at work."""

    def __init__(self, process, log_path):
        self.process = process
        self.pid = process.pid
        self._log_path = log_path

    @property
    def log(self):
        return self._log_path.read_text(errors="replace")

    def wait_log(self, pattern, timeout=30):
        return wait_for(lambda: re.search(pattern, self.log), timeout, f"the log says {pattern!r}")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=60):
        code = self.process.wait(timeout)
        log = self.log
        assert code != SANITIZER_CODE and "Sanitizer" not in log, log
        return Finished(code, "", log)

    def stop(self, timeout=60):
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait(10)


class Automator:
    """Starts the program for one sandbox; every run shares the state folder."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.folder = Path(folder)
        self.state = self.folder / "state"
        self.state.mkdir(mode=0o700)
        self.known_hosts = self.state / "known_hosts"
        self.environment = {}
        self.resolv_conf = None  # a file that the program sees as /etc/resolv.conf, e.g. DnsServer.resolv_conf()
        self.hosts = None  # the same for /etc/hosts
        self.tracer = []  # what stands before the program, e.g. strace.kill_at()
        self._running = []
        self._runs = 0

    def configuration(self, **sections):
        """The configuration's sections: what every test wants, and then what this one says."""
        merged = {name: dict(keys) for name, keys in DEFAULTS.items()}
        merged["supabase"] |= {"url": self.sandbox.url, "service_key": self.sandbox.service_key}
        merged["daemon"]["state_dir"] = self.state
        for name, keys in sections.items():
            merged.setdefault(name, {}).update(keys)
        return merged

    def memory(self, query):
        """What the state folder's database says."""
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()

    def write(self, text=None, **sections):
        path = self.folder / "automator.toml"
        path.touch(mode=0o600)
        path.write_text(text if text is not None else toml(self.configuration(**sections)))
        return path

    def command(self, *arguments):
        """The process that it starts has the program's id."""
        files = {"/etc/resolv.conf": self.resolv_conf, "/etc/hosts": self.hosts}
        shown = private_files.launcher({path: file for path, file in files.items() if file})
        return [*shown, *LAUNCHER, *self.tracer, PROGRAM, *map(str, arguments)]

    def process_environment(self):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                "ASAN_OPTIONS": f"exitcode={SANITIZER_CODE}:detect_stack_use_after_return=0",
                "UBSAN_OPTIONS": "print_stacktrace=1",
                "TSAN_OPTIONS": f"exitcode={SANITIZER_CODE}:halt_on_error=0", **self.environment}

    def run(self, *arguments, timeout=120):
        """The program with these arguments alone, to its end."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, env=self.process_environment(), check=False)
        assert done.returncode != SANITIZER_CODE and "Sanitizer" not in done.stderr, done.stderr
        return Finished(done.returncode, done.stdout, done.stderr)

    def once(self, *arguments, timeout=120, **sections):
        return self.run("--config", self.write(**sections), "--once", *arguments, timeout=timeout)

    def start(self, **sections):
        """Starts the daemon; the fixture ends it at the latest."""
        self._runs += 1
        log_path = self.folder / f"daemon-{self._runs}.log"
        with open(log_path, "wb") as log:
            process = subprocess.Popen(self.command("--config", self.write(**sections)), stderr=log, stdout=log,
                                       stdin=subprocess.DEVNULL, env=self.process_environment())
        running = Running(process, log_path)
        self._running.append(running)
        return running

    def close(self):
        for running in self._running:
            if running.process.poll() is None:
                running.kill()
