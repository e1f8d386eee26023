"""A journald of the test's own, in a private mount namespace, and what was sent to it."""

import json
import shutil
import subprocess

from hosting_sandbox.waiting import wait_for

JOURNALD = "/lib/systemd/systemd-journald"
SCRIPT = """
mount -t tmpfs none /run/systemd && mount -t tmpfs none /run/log && mkdir /run/systemd/journal /run/log/journal &&
exec "$0"
"""
# As systemd starts a service; systemd 252's systemd-cat does not tell its program.
NAME_STREAM = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"'


class Journald:
    """`inside` stands before a command that shall see it; with `stderr=True` its stderr goes there, too."""

    def __enter__(self):
        self._process = subprocess.Popen(["unshare", "-m", "sh", "-c", SCRIPT, JOURNALD], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: self._try(["test", "-S", "/run/systemd/journal/stdout"]), 30, "journald listens")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)

    def inside(self, stderr=False):
        enter = ["nsenter", "-m", "-t", str(self._process.pid), "--"]
        if not stderr:
            return enter
        return [*enter, shutil.which("systemd-cat"), "-t", "stderr", "sh", "-c", NAME_STREAM, "sh"]

    def lines(self, *matches):
        """The entries that match (`KEY=value`), as the journal has them."""
        journalctl = [*self.inside(), "journalctl", "--quiet"]
        subprocess.run([*journalctl, "--sync"], check=True)
        out = subprocess.run([*journalctl, "-o", "json", "--all", *matches], check=True, capture_output=True, text=True).stdout
        return [json.loads(line) for line in out.splitlines()]

    def _try(self, command):
        return subprocess.run([*self.inside(), *command], stderr=subprocess.DEVNULL, check=False).returncode == 0
