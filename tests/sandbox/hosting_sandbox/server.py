"""One CloudPanel server: a real sshd in namespaces of its own, and the stand-in for clpctl."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path

from . import ssh_keys
from .calls import Hold, read_calls
from .processes import members_of_pid_namespace, send_signal, status_of
from .server_skeleton import SSHD_CONFIG

STATE_INSIDE = "/var/lib/clpctl-standin"


class Server:
    """A server of the sandbox. Paths given to its methods are the server's own, e.g. /etc/passwd."""

    def __init__(self, supervisor, folder, index, name, address, port, user, key, keys):
        self.id = None  # of the row in `servers`
        self.index = index
        self.name = name
        self.address = address
        self.port = port
        self.user = user
        self.keys = keys  # name -> path of every private key; all but `unauthorized` may log in
        self.private_key = keys[key]
        self.folder = folder / f"{index + 1}"
        self.sshd_log = self.folder / "sshd.log"
        self.state = self.folder / "standin"  # the stand-in's knobs and records, see clpctl_standin/call.py
        self.panel = self.folder / "panel"  # its data folder: SQLite cannot open a path below /proc/PID/root
        self.pid = None  # of the server's process 1, as the host sees it
        self._supervisor = supervisor
        self._skeleton = folder / "skeleton"
        self._panel_template = folder / "db.sq3"
        self._application = folder / "application"
        self._host_keys = index
        self._rules = []

    # --- life ---------------------------------------------------------------------------------------------------

    def create(self, authority, sshd_options=""):
        """Makes the namespaces; sshd does not run yet."""
        scratch = self.folder / "mount"
        scratch.mkdir(parents=True)
        for name in ("running", "spent", "holds"):
            (self.state / name).mkdir(parents=True, exist_ok=True)
        for path in (self.state / "calls.jsonl", self.state / "gate"):
            path.touch()
            path.chmod(0o666)  # also a call by a user without rights is recorded
        for path in (self.state, self.state / "running", self.state / "spent"):
            path.chmod(0o777)
        self.panel.mkdir()
        shutil.copy(self._panel_template, self.panel / "db.sq3")
        own = self.folder / "skeleton"
        (own / "etc/ssh").mkdir(parents=True)
        (own / "etc/hostname").write_text(self.name + "\n")
        (own / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.address} {self.name}\n")
        (own / "etc/ssh/sshd_config").write_text(
            sshd_options + "\n" + SSHD_CONFIG.format(address=self.address, port=self.port))
        self._copy_host_keys(own / "etc/ssh")
        self.pid = self._supervisor.ask("server", name=self._process("init"), plan={
            "hostname": self.name, "scratch": str(scratch), "skeletons": [str(self._skeleton), str(own)],
            "binds": [[str(self.state), STATE_INSIDE, False],
                      [str(self.panel), "/home/clp/htdocs/app/data", False],
                      [str(authority), "/var/lib/clpctl-standin-ca", True],
                      [str(self._application), "/home/clp/htdocs/app/files", True]],
        })["host_pid"]

    def _process(self, kind):
        return f"server-{self.index + 1}-{kind}"

    def start(self, wait=True):
        """Starts sshd: the same address, port, keys and disk as before."""
        self._supervisor.spawn(self._process("sshd"), ["/usr/sbin/sshd", "-D", "-e"], log=self.sshd_log,
                               inside=self._process("init"))
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self):
        self._supervisor.wait_ready(self._process("sshd"), self.listens, self.sshd_log, f"sshd of {self.name} listens")

    def listens(self):
        """Whether sshd accepts connections; asks the kernel's table, so that sshd's log shows no stranger."""
        wanted = f"{_proc_net_address(self.address, self.port)} 00000000:0000 0A"
        return wanted in Path("/proc/net/tcp").read_text(encoding="ascii")

    def stop(self, sessions=True):
        """sshd is gone, and with `sessions` every open connection; what runs on the server goes on."""
        self._supervisor.stop(self._process("sshd"), signal.SIGKILL)
        if sessions:
            self.kill_connections()

    def remove(self):
        """The whole server is gone for good, its processes and its disk; its records (`calls` and the like) stay."""
        self.stop()  # the supervisor's child: process 1 cannot end before it
        self._supervisor.stop(self._process("init"), signal.SIGKILL)

    def kill_connections(self):
        """Every open connection is cut, as by a reset; new ones are accepted if sshd runs."""
        listener = self._supervisor.running().get(self._process("sshd"))
        for pid in self._sshd_processes():
            if pid != listener:
                send_signal(pid, signal.SIGKILL)

    def freeze(self):
        """sshd and its connections stand still: a server that accepts (the kernel does) and never answers."""
        for pid in self._sshd_processes():
            send_signal(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in self._sshd_processes():
            send_signal(pid, signal.SIGCONT)

    def _sshd_processes(self):
        return [pid for pid in members_of_pid_namespace(self.pid)
                if status_of(pid).get("Name", "").strip() == "sshd"]

    # --- disk ---------------------------------------------------------------------------------------------------

    @property
    def root(self):
        """The server's / as a path of the host."""
        return Path(f"/proc/{self.pid}/root")

    def path(self, path):
        return self.root / str(path).lstrip("/")

    def read(self, path):
        return self.path(path).read_text(encoding="utf-8")

    def exists(self, path):
        return self.path(path).exists()

    def run(self, *command, user=None, input=None, check=False, timeout=60):
        """Runs a program on the server, not over SSH; a subprocess.CompletedProcess with text."""
        enter = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--"]
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"] if user else []
        return subprocess.run([*enter, *become, *command], input=input, capture_output=True, text=True, check=check, timeout=timeout,
                              env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                              **({} if input is not None else {"stdin": subprocess.DEVNULL}))

    def clpctl(self, *arguments, user=None, input=None):
        """Calls clpctl on the server, as a person there would."""
        return self.run("/usr/bin/clpctl", *arguments, user=user, input=input)

    def snapshot(self, *folders):
        """path -> (mode, owner, size, time of change) of all files below: equal before and after a dry run."""
        found = {}
        for top in folders or ("/etc", "/home", "/var/lib", "/root", "/run"):
            for directory, folders_here, files in os.walk(self.path(top)):
                for name in [*folders_here, *files]:
                    path = Path(directory, name)
                    state = path.lstat()
                    shown = "/" + str(path.relative_to(self.root))
                    if not shown.startswith(STATE_INSIDE):
                        found[shown] = (state.st_mode, state.st_uid, state.st_size, state.st_mtime_ns)
        return found

    # --- the panel ----------------------------------------------------------------------------------------------

    def sites(self):
        """domain -> user, as the panel's database has them."""
        rows = self.panel_sql("select domain_name, user from site order by id")
        return dict(rows)

    def panel_sql(self, text, *parameters):
        """A statement on the panel's SQLite database; its rows as tuples."""
        connection = sqlite3.connect(self.panel / "db.sq3", timeout=10)
        try:
            with connection:
                return connection.execute(text, parameters).fetchall()
        finally:
            connection.close()

    def vhost(self, domain):
        return self.read(f"/etc/nginx/sites-enabled/{domain}.conf")

    def certificate(self, domain):
        """The installed certificate's issuer, subject, names and dates, as `openssl x509 -text` shows them."""
        return subprocess.run(["openssl", "x509", "-noout", "-issuer", "-subject", "-dates", "-serial", "-ext",
                               "subjectAltName", "-in", self.path(f"/etc/nginx/ssl-certificates/{domain}.crt")],
                              check=True, capture_output=True, text=True).stdout

    def remove_clpctl(self):
        """clpctl is not installed any more; the shell says so."""
        self.path("/usr/bin/clpctl").rename(self.path("/usr/bin/.clpctl-removed"))

    def restore_clpctl(self):
        self.path("/usr/bin/.clpctl-removed").rename(self.path("/usr/bin/clpctl"))

    def replace_clpctl(self, program):
        """Another program in clpctl's place, e.g. a compiled one for benchmarks."""
        target = self.path("/usr/bin/clpctl")
        target.unlink()
        shutil.copy(program, target)
        target.chmod(0o755)

    # --- clpctl's knobs and records -----------------------------------------------------------------------------

    @staticmethod
    def new_rule_id():
        return os.urandom(8).hex()

    def knob(self, command=None, domain=None, times=None, **effects):
        """Adds a rule (README.md has the effects); returns its id."""
        rule = {"id": self.new_rule_id(), **effects}
        for name, value in (("command", command), ("domain", domain), ("times", times)):
            if value is not None:
                rule[name] = value
        self._set_rules([*self._rules, rule])
        return rule["id"]

    def remove_knob(self, rule_id):
        self._set_rules([rule for rule in self._rules if rule["id"] != rule_id])

    def clear_knobs(self):
        self._set_rules([])

    def _set_rules(self, rules):
        self._rules = rules
        new = self.state / "knobs.json.new"
        new.write_text(json.dumps({"rules": rules}))
        new.rename(self.state / "knobs.json")  # a call reads either the old or the new

    def hold(self, command=None, domain=None, moment="before", times=1, skip=0, **effects):
        """Context manager: such a call (the next, or the next `times` after `skip` others; None: all of these) stands
        still before (or after) its effects until it is released."""
        return Hold(self, {"command": command, "domain": domain, "times": times, "skip": skip, "hold": moment, **effects})

    def calls(self, command=None, domain=None):
        """The recorded calls in order of their start; see calls.Call."""
        return [call for call in read_calls(self.state / "calls.jsonl")
                if command in (None, call.command) and domain in (None, call.domain)]

    def overlaps(self):
        """Mutating calls that started while another one ran."""
        return [call for call in self.calls() if call.overlapping]

    # --- sshd ---------------------------------------------------------------------------------------------------

    def _sshd_lines(self, pattern):
        log = self.sshd_log.read_text(errors="replace") if self.sshd_log.exists() else ""
        return [line for line in log.splitlines() if re.search(pattern, line)]

    def accepted_logins(self):
        """sshd's lines about logins that succeeded."""
        return self._sshd_lines(r"^Accepted publickey ")

    def failed_logins(self):
        """sshd's lines about keys (or users) that it refused."""
        return self._sshd_lines(r"^Failed |^Invalid user ")

    def connections(self):
        """sshd's lines about TCP connections, logged in or not."""
        return self._sshd_lines(r"^Connection from ")

    def _copy_host_keys(self, target):
        folder = ssh_keys.host_keys(self._host_keys)
        for path in folder.iterdir():
            shutil.copy(path, target / path.name)
        for path in target.glob("ssh_host_*_key"):
            path.chmod(0o600)

    def new_host_key(self):
        """sshd comes back with other host keys, all three; open connections are cut."""
        running = self._process("sshd") in self._supervisor.running()
        self.stop()
        self._host_keys += 1001  # odd: even and odd indices share no key, see ssh_keys.host_keys
        self._copy_host_keys(self.path("/etc/ssh"))
        if running:
            self.start()

    def host_key_lines(self):
        """type -> known_hosts line of each of the host's keys."""
        where = f"[{self.address}]:{self.port}"
        lines = {}
        for path in sorted(self.path("/etc/ssh").glob("ssh_host_*_key.pub")):
            kind, blob = path.read_text().split()[:2]
            lines[kind] = f"{where} {kind} {blob}"
        return lines

    def remove_authorized_key(self, user=None):
        """No key is accepted any more for the user (by default the row's)."""
        self._authorized_keys(user).rename(self._authorized_keys(user).with_suffix(".removed"))

    def restore_authorized_key(self, user=None):
        self._authorized_keys(user).with_suffix(".removed").rename(self._authorized_keys(user))

    def _authorized_keys(self, user):
        name = user or self.user
        return self.path("/root" if name == "root" else f"/home/{name}") / ".ssh/authorized_keys"

    def describe(self):
        return {"id": self.id, "name": self.name, "address": self.address, "port": self.port, "user": self.user,
                "private_key": str(self.private_key), "keys": {name: str(path) for name, path in self.keys.items()},
                "root": str(self.root), "pid": self.pid, "sshd_log": str(self.sshd_log), "state": str(self.state)}


def _proc_net_address(address, port):
    """`127.0.0.1:22` as /proc/net/tcp writes it on a little-endian machine."""
    return f"{socket.inet_aton(address)[::-1].hex().upper()}:{port:04X}"
