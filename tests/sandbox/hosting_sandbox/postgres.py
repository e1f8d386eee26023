"""A PostgreSQL cluster of the sandbox's own.

The data folder that initdb and the schema make is kept in the cache; a sandbox mounts it as the lower layer of
an overlay on a tmpfs, so that a start copies nothing and a stop leaves nothing. Only a unix socket listens.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

import psycopg2
import psycopg2.extras

from .cache import cached
from .processes import send_signal, status_of, tree_of
from .waiting import wait_for

USER = "postgres"  # Debian's package creates it; PostgreSQL refuses to run as root
SCHEMAS = Path(__file__).parent / "schema"

RECIPE = "3"  # of template(); another one makes the cache forget

CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
fsync = off
full_page_writes = off
autovacuum = off
jit = off
wal_level = minimal
max_wal_senders = 0
max_connections = 40
shared_buffers = 24MB
timezone = 'UTC'
log_min_messages = warning
"""


def binaries():
    """Debian's folder of the newest installed PostgreSQL, e.g. /usr/lib/postgresql/15/bin."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed (Debian package postgresql)")
    return found[-1].parent


def as_postgres(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, user=USER, group=USER, extra_groups=[],
                          stdin=subprocess.DEVNULL, cwd="/", **options)


def template(schema):
    """The cached data folder with `schema` loaded; its name changes with the SQL and with PostgreSQL's version."""
    scripts = [SCHEMAS / "roles.sql", SCHEMAS / f"{schema}.sql"]
    text = RECIPE + str(binaries()) + CONFIGURATION + "".join(script.read_text() for script in scripts)
    name = f"postgres-{schema}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def build(folder):
        work = Path(tempfile.mkdtemp(prefix="sandbox-initdb."))  # the cache may lie where postgres cannot look
        try:
            shutil.chown(work, USER, USER)
            data = work / "data"
            as_postgres(binaries() / "initdb", "-D", data, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                        "--no-sync", "--wal-segsize=1", stdout=subprocess.DEVNULL)
            with open(data / "postgresql.conf", "a", encoding="utf-8") as configuration:
                configuration.write(CONFIGURATION)
            # not in single-user mode: tables made there get system object ids, which escape row level security
            as_postgres(binaries() / "pg_ctl", "start", "--wait", "-D", data, "-l", work / "log", "-o", f"-k {work}",
                        stdout=subprocess.DEVNULL)
            for script in scripts:
                subprocess.run(["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", work, "-U", USER,
                                "-f", script, "postgres"], check=True)
            as_postgres(binaries() / "pg_ctl", "stop", "--wait", "-m", "fast", "-D", data, stdout=subprocess.DEVNULL)
            subprocess.run(["cp", "-a", f"{data}/.", folder], check=True)
            shutil.chown(folder, USER, USER)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    return cached(name, build)


class Postgres:
    """The cluster: start, stop (a crash too), freeze, and statements as the superuser."""

    def __init__(self, supervisor, folder, schema="hub"):
        self.folder = Path(folder)
        self.schema = schema
        self._supervisor = supervisor
        self._connection = None
        self._lock = threading.Lock()

    def create(self):
        self.folder.mkdir(mode=0o755, exist_ok=True)
        layers, data = self.folder / "layers", self.folder / "data"
        for path in (layers, data):
            path.mkdir()
        account = pwd.getpwnam(USER)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        lower = template(self.schema)
        if any(mark in str(lower) for mark in ",:\\"):
            raise RuntimeError(f"an overlay cannot name {lower}")
        self._supervisor.ask("overlay", lower=lower, layers=layers, target=data,
                             owner=[account.pw_uid, account.pw_gid])

    def start(self):
        self._supervisor.spawn(
            "postgres", [binaries() / "postgres", "-D", self.folder / "data", "-k", self.folder],
            log=self.folder / "postgres.log", user=USER)
        self._supervisor.wait_ready("postgres", self._accepts, self.folder / "postgres.log",
                                    "it accepts connections")

    def stop(self, crash=False):
        """A quick shutdown (open connections are cut), or with `crash` the one of a power cut."""
        with self._lock:
            self._connection = None
        self._supervisor.stop("postgres", signal.SIGQUIT if crash else signal.SIGINT)

    def kill(self):
        """SIGKILL to all its processes at once; what was committed is there after the next start."""
        postmaster = self._supervisor.running()["postgres"]
        for pid in tree_of(postmaster):  # stand still first, or the rest would say goodbye to their clients
            send_signal(pid, signal.SIGSTOP)
        pids = tree_of(postmaster)
        for pid in pids:
            send_signal(pid, signal.SIGKILL)
        self.stop()
        wait_for(lambda: not any(map(status_of, pids)), 20, "no process of PostgreSQL is left")

    def freeze(self):
        """Every process stands still: connections stay open and nothing answers."""
        for pid in tree_of(self._supervisor.running()["postgres"]):
            send_signal(pid, signal.SIGSTOP)

    def thaw(self):
        for pid in tree_of(self._supervisor.running()["postgres"]):
            send_signal(pid, signal.SIGCONT)

    def _accepts(self):
        try:
            return self._connect()
        except psycopg2.OperationalError:
            return False

    def _connect(self):
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(host=str(self.folder), user=USER, dbname="postgres")
            self._connection.autocommit = True
        return self._connection

    def sql(self, text, *parameters):
        """Runs one statement (%s for parameters) and returns its rows as dicts, or [] if it has none."""
        with self._lock:
            try:
                return self._execute(text, parameters)
            except (psycopg2.OperationalError, psycopg2.InterfaceError):
                if self._connection is not None and not self._connection.closed:
                    raise
                self._connection = None  # the server was restarted under us
                return self._execute(text, parameters)

    def run_script(self, path):
        """A file of SQL by psql, as an operator runs it; raises with what psql said."""
        done = subprocess.run(["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", USER,
                               "-f", path, "postgres"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{path}: {done.stderr}")

    def _execute(self, text, parameters):
        with self._connect().cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(text, parameters or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []
