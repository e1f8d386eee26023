"""No key, token or password in ps, in the log at debug, or in a row."""

import re
import subprocess
from pathlib import Path

from automator import PROGRAM


def environments_and_arguments(pid):
    folder = Path(f"/proc/{pid}")
    return (folder / "cmdline").read_bytes().decode(errors="replace")


def test_no_secret_is_shown_anywhere(sandbox, server, automator, new_domain):
    good, bad = new_domain(), new_domain()
    server.knob(command="site:add:static", domain=bad, fail="useradd_failed", print_password=True)
    ids = sandbox.add_sites([good, bad], server)
    seen = ""
    password = ""
    with server.hold("site:add:static", good) as held:
        daemon = automator.start(log={"level": "debug"})
        call = held.wait_reached()
        # The stand-in's own command line holds the password, as the real one's does, on the server.
        on_server = server.run("ps", "-eo", "args", "ww").stdout
        password = re.search(r"--siteUserPassword=(\w+)", on_server).group(1)
        assert call.domain == good and len(password) == 24
        seen += environments_and_arguments(daemon.pid)
        local = subprocess.run(["ps", "-eo", "pid,args", "ww"], capture_output=True, text=True, check=True).stdout
        seen += "\n".join(line for line in local.splitlines() if PROGRAM in line)
        held.release()
        sandbox.wait_for_sites(30, ids=[ids[0]])
        sandbox.wait_for_sites(30, status="failed", ids=[ids[1]])
    seen += daemon.stop().log
    for site in ids:
        seen += str(sandbox.site(site))
    # The program's own files keep none either.
    for path in automator.state.rglob("*"):
        seen += path.read_text(errors="replace") if path.is_file() else ""
    key_lines = [line for line in server.private_key.read_text().splitlines() if len(line) > 20]
    secrets = [sandbox.service_key, sandbox.jwt_key, sandbox.matomo_token, password, *key_lines]
    for secret in secrets:
        assert secret not in seen
    assert "siteUserPassword" not in seen.replace("--siteUserPassword <", "")


def test_no_core_dump_can_hold_one(automator, sandbox):
    daemon = automator.start()
    daemon.wait_log("started")
    limits = Path(f"/proc/{daemon.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits)
    assert daemon.stop().code == 0
