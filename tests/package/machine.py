"""A booted systemd in a container, on a throw-away view of the clean root; it shares this machine's network, so that the
sandbox's servers on loopback are there for its services too."""

import json
import os
import shlex
import signal
import subprocess
from pathlib import Path

from hosting_sandbox.cache import cache_folder
from hosting_sandbox.waiting import wait_for

UNIT = "hosting-automator"


class Machine:
    def __init__(self, root, folder):
        self._root = root
        self._log = folder / "machine.log"
        self._downloads = cache_folder() / "debian-packages"  # what apt got once it need not get again
        self._name = f"package-test-{os.getpid()}"
        self._process = None
        self._leader = None

    # --- life ---------------------------------------------------------------------------------------------------

    def __enter__(self):
        (self._downloads / "partial").mkdir(mode=0o755, parents=True, exist_ok=True)
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", f"--directory={self._root}",
                 "--volatile=overlay", "--boot", "--register=no", "--keep-unit", "--link-journal=no",
                 "--console=read-only", f"--machine={self._name}", f"--bind={self._downloads}:/var/cache/apt/archives"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "UNIFIED_CGROUP_HIERARCHY": "1"})
        try:
            wait_for(self._has_booted, 90, "the machine is up")
        except TimeoutError as error:
            self.close()
            raise RuntimeError(f"{error}; it said:\n{self._log.read_text(errors='replace')[-3000:]}") from None
        return self

    def __exit__(self, *_):
        self.close()

    def _has_booted(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"systemd-nspawn ended with {self._process.returncode}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text(encoding="ascii")
        self._leader = int(children)
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def close(self):
        """Ends it as a power cut would: nothing of it is kept."""
        if self._leader:
            try:
                os.kill(self._leader, signal.SIGKILL)  # its process 1: the kernel ends all others
            except ProcessLookupError:
                pass
            self._leader = None
        elif self._process:
            self._process.kill()
        if self._process:
            self._process.wait(20)

    # --- commands -----------------------------------------------------------------------------------------------

    def run(self, *command, check=True, text_in=None, timeout=60):
        """A command inside, as root."""
        done = subprocess.run(
            ["nsenter", f"--target={self._leader}", "--all", "--wdns=/", "env", "-u", "NOTIFY_SOCKET", "LC_ALL=C.UTF-8",
             "DEBIAN_FRONTEND=noninteractive", *map(str, command)], input=text_in, capture_output=True, text=True,
            timeout=timeout, check=False, stdin=None if text_in is not None else subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def shell(self, script, **options):
        return self.run("sh", "-c", script, **options)

    def read(self, path):
        return self.run("cat", path).stdout

    def exists(self, path):
        return self.run("test", "-e", path, check=False).returncode == 0

    def write(self, path, text, mode=None):
        """Into a file that keeps its owner and mode, or a new one with this mode; its folder is made."""
        self.run("mkdir", "-p", Path(path).parent)
        if mode is not None:
            self.run("install", "-m", f"{mode:o}", "/dev/null", path)
        self.run("tee", path, text_in=text)

    def copy_in(self, file):
        """A file of this machine, under /var/tmp inside; its path there."""
        inside = f"/var/tmp/{Path(file).name}"
        with open(file, "rb") as content:
            subprocess.run(["nsenter", f"--target={self._leader}", "--all", "--wdns=/", "tee", inside], stdin=content,
                           stdout=subprocess.DEVNULL, check=True)
        return inside

    def apt_install(self, package_file):
        """The package with what it depends on, and nothing else."""
        command = ["apt-get", "-q", "-y", "--no-install-recommends", "install", self.copy_in(package_file)]
        if (done := self.run(*command, check=False, timeout=300)).returncode != 0:
            self.run("apt-get", "-q", "update", timeout=300)  # the lists are as old as the cached root
            done = self.run(*command, timeout=300)
        return done.stdout

    # --- systemd ------------------------------------------------------------------------------------------------

    def systemctl(self, *arguments, check=True, timeout=60):
        return self.run("systemctl", *arguments, check=check, timeout=timeout)

    def show(self, name, unit=UNIT):
        """A property of the unit."""
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def main_pid(self, unit=UNIT):
        return int(self.show("MainPID", unit))

    def journal(self, *matches):
        """The journal's lines as dicts, oldest first."""
        self.run("journalctl", "--sync")
        written = self.run("journalctl", "--all", "--output=json", "--no-pager", *matches).stdout
        return [json.loads(line) for line in written.splitlines()]
