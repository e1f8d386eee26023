"""What people use instead, and the floors: each takes the commands of some sites to their servers."""

import json
import resource
import subprocess
import time

from . import commands, places
from .program import Spent
from hosting_sandbox import wait_for
from hosting_sandbox.processes import PYTHON

CHANNELS = 8
SSH_OPTIONS = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
               "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes"]


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stderr[-1000:]}")
    return done.stdout


def _spent(answer):
    told = json.loads(answer)
    if told["failed"]:
        raise AssertionError(f"{told['failed']} of {told['commands']} commands failed")
    return Spent(told["seconds"], told["commands"], told["cpu_seconds"])


def _prepared(stage, domains, scripts):
    """server -> file with its commands."""
    stage.forget()
    files = {}
    for index, (server, its) in enumerate(stage.deal(domains).items()):
        files[server] = stage.folder / f"commands-{index}"
        if scripts:
            commands.write_scripts(files[server], its, stage.folder / "self-signed.crt")
        else:
            commands.write_bare(files[server], its)
    return files


def _checked(stage, domains, spent):
    for server, its in stage.deal(domains).items():
        stage.check_disk(server, its)
    if spent.commands != 2 * len(domains):
        raise AssertionError(f"{spent.commands} commands were counted for {len(domains)} sites")
    return spent


def bare_loop(stage, domains, scripts=False, via=None):
    """Bare libssh2: one session, one channel after the other. One server; via: a proxy before it."""
    (server, file), = _prepared(stage, domains, scripts).items()
    where = via or server
    return _checked(stage, domains, _spent(_run(places.SSH_LOOP, where.address, str(where.port), server.user,
                                                server.private_key, file)))


def paramiko(stage, domains, scripts=False, nodelay=False):
    """A sequential client in Python; server after server, site after site."""
    jobs = stage.folder / "jobs"
    jobs.write_text(json.dumps([
        {"address": server.address, "port": server.port, "user": server.user, "key": str(server.private_key),
         "commands": str(file)} for server, file in _prepared(stage, domains, scripts).items()]))
    options = ["--nodelay"] if nodelay else []
    return _checked(stage, domains, _spent(_run(PYTHON, places.PARAMIKO_CLIENT, *options, jobs)))


def control_master(stage, domains, scripts=False):
    """OpenSSH's client: one master connection, eight processes at a time, a site's two commands in turn. One server."""
    (server, file), = _prepared(stage, domains, scripts).items()
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    socket = stage.folder / "control"
    options = [*SSH_OPTIONS, "-S", str(socket), "-p", str(server.port), "-l", server.user, "-i",
               str(server.private_key), server.address]
    ssh = " ".join(["ssh", *options])
    with subprocess.Popen(["ssh", "-M", "-N", *options], stdin=subprocess.DEVNULL) as master, open(file, "rb") as source:
        try:
            wait_for(lambda: socket.exists() or master.poll() is not None, 20, "the master connection", interval=0.002)
            done = subprocess.run(["xargs", "-0", "-n2", f"-P{CHANNELS}", "sh", "-c", f'{ssh} "$1" && {ssh} "$2"', "two"],
                                  stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
            seconds = time.monotonic() - begin
        finally:
            master.terminate()
    if done.returncode != 0:
        raise AssertionError(f"xargs ended with {done.returncode}: {done.stderr[-1000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return _checked(stage, domains, Spent(seconds, 2 * len(domains), cpu))
