"""A run with --once says how far it is, on a terminal."""

import os
import pty
import re
import subprocess
import threading

import pytest
from hosting_sandbox import wait_for


class Terminal:
    """A command on a terminal of its own; `shown` is all that it wrote there."""

    def __init__(self, command, environment):
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True)
        os.close(theirs)
        self.shown = ""
        self._end = ours
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        try:
            while data := os.read(self._end, 4096):
                self.shown += data.decode(errors="replace")
        except OSError:
            pass  # the other end is closed

    def wait(self):
        self.process.wait(60)
        self._reader.join(10)
        os.close(self._end)


def test_a_terminal_shows_how_many_sites_are_done(sandbox, automator, server, new_domain):
    domains = [new_domain() for _ in range(3)]
    for domain in domains:
        sandbox.add_site(domain, server)
    with server.hold("site:add:static", domain=domains[1]) as held:
        path = automator.write(log={"level": "info"})
        terminal = Terminal(automator.command("--config", path, "--once"), automator.process_environment())
        held.wait_reached()
        wait_for(lambda: re.search(r"\r\033\[K\d of 3 done: \d active, 0 failed; \d running\r", terminal.shown), 30,
                 "the progress is shown")
    terminal.wait()
    assert terminal.process.returncode == 0, terminal.shown
    assert terminal.shown.endswith("\r\033[K3 active, 0 failed, 0 waiting\r\n"), terminal.shown[-300:]
    assert "MESSAGE_ID" not in terminal.shown
    assert re.search(r"\d\d:\d\d:\d\d .*info.* active, its certificate is valid until", terminal.shown), terminal.shown


@pytest.mark.usefixtures("server")
def test_elsewhere_nothing_is_written_over(automator):
    assert automator.once().out == "0 active, 0 failed, 0 waiting\n"
