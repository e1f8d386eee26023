"""PostgREST 12.0.2, the real one (tests/sandbox/get-postgrest), on a loopback port behind the gateway."""

import http.client
import signal
import subprocess
from pathlib import Path

from .postgres import USER
from .processes import free_port

GET_POSTGREST = Path(__file__).resolve().parent.parent / "get-postgrest"


class Postgrest:
    """Start, stop, freeze; it runs as PostgreSQL's user because only that one may use the database's socket."""

    def __init__(self, supervisor, folder, postgres_folder, jwt_secret, max_rows):
        self.folder = Path(folder)
        self.port = free_port()
        self._supervisor = supervisor
        self._settings = {
            "PGRST_DB_URI": f"postgresql://authenticator@/postgres?host={postgres_folder}",
            "PGRST_DB_SCHEMAS": "public",
            "PGRST_DB_ANON_ROLE": "anon",
            "PGRST_DB_MAX_ROWS": str(max_rows),
            "PGRST_DB_POOL": "10",
            "PGRST_DB_CONFIG": "false",
            "PGRST_JWT_SECRET": jwt_secret,
            "PGRST_SERVER_HOST": "127.0.0.1",
            "PGRST_SERVER_PORT": str(self.port),
            "PGRST_LOG_LEVEL": "error",
        }

    def create(self):
        self.folder.mkdir(mode=0o755)
        (self.folder / "postgrest").touch(mode=0o755)
        binary = subprocess.run([GET_POSTGREST], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self._supervisor.ask("bind", source=binary, target=self.folder / "postgrest")

    def start(self, wait=True):
        """`wait=False`: without waiting for the schema cache, e.g. while the database is down."""
        self._supervisor.spawn("postgrest", [self.folder / "postgrest"], log=self.folder / "postgrest.log",
                               user=USER, env=self._settings)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self):
        self._supervisor.wait_ready("postgrest", self._answers, self.folder / "postgrest.log",
                                    "it has loaded its schema cache")

    def stop(self):
        self._supervisor.stop("postgrest", signal.SIGKILL)

    def freeze(self):
        self._supervisor.signal("postgrest", signal.SIGSTOP)

    def thaw(self):
        self._supervisor.signal("postgrest", signal.SIGCONT)

    def _answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/sites?limit=1")
            return connection.getresponse().status == 200
        finally:
            connection.close()
