"""The packaged service, configured for a sandbox."""

import sys
import urllib.request
from pathlib import Path

from hosting_sandbox.processes import free_port
from hosting_sandbox.waiting import wait_for
from machine import UNIT

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
from automator import DEFAULTS, toml  # noqa: E402

CONFIGURATION = "/etc/hosting-automator/hosting-automator.toml"
KEY_FILE = "/etc/hosting-automator/supabase_service_key"
TOKEN_FILE = "/etc/hosting-automator/matomo_token"


class Service:
    def __init__(self, machine, sandbox):
        self.machine = machine
        self.sandbox = sandbox
        self.port = free_port()

    def configure(self, **sections):
        """Writes the configuration, without the key, and the key's file."""
        merged = {name: dict(keys) for name, keys in DEFAULTS.items()}
        merged["supabase"]["url"] = self.sandbox.url
        merged["http"]["listen"] = f"127.0.0.1:{self.port}"
        merged["log"] = {"level": "info"}
        for name, keys in sections.items():
            merged.setdefault(name, {}).update(keys)
        self.machine.write(CONFIGURATION, toml(merged))
        self.machine.write(KEY_FILE, self.sandbox.service_key + "\n", mode=0o600)

    def start(self):
        """Returns when systemd calls it started: after the first poll."""
        self.machine.systemctl("reset-failed", UNIT, check=False)  # the tests end it more often than its limit allows
        self.machine.systemctl("start", UNIT)

    def stop(self):
        self.machine.systemctl("stop", UNIT)

    def drop_in(self, text):
        """A drop-in for the unit, empty: none; it takes effect at the next start."""
        self.machine.write(f"/run/systemd/system/{UNIT}.service.d/test.conf", text, mode=0o644)
        self.machine.systemctl("daemon-reload")

    def wait_restarted(self, old_pid, timeout=30):
        """Until systemd has started it again after its process ended; the new process."""
        def again():
            pid = self.machine.main_pid()
            return pid if pid not in (0, old_pid) and self.machine.show("ActiveState") == "active" else None
        return wait_for(again, timeout, "systemd has started the service again")

    def ask(self, path):
        """What the endpoint answers; the machine's loopback is ours."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def lines(self, *matches):
        return self.machine.journal(f"--unit={UNIT}", *matches)

    def wait_line(self, text, *matches, timeout=20):
        """The first line of the service with this text."""
        def found():
            return next((line for line in self.lines(*matches) if text in line["MESSAGE"]), None)
        return wait_for(found, timeout, f"the journal says {text!r}")
