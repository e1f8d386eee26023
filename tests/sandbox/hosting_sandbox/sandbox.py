"""The sandbox as tests use it: see README.md for a first example."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from . import certificates
from .canned import CannedAnswers
from .gateway import Gateway
from .keys import ApiKeys
from .matomo import Matomo
from .postgres import Postgres
from .postgrest import Postgrest
from .server_fleet import ServerFleet
from .shared_queue import SharedQueue
from .supervision import Supervisor
from .waiting import wait_for


class Sandbox:
    """A Supabase, any number of CloudPanel servers and a Matomo on loopback, gone without a trace at the end.

    with Sandbox(servers=2) as sandbox:
        site = sandbox.add_site("example.com", server=sandbox.servers[0])
    """

    def __init__(self, servers=2, max_rows=1000, schema="hub", directory=None, detached=False,
                 gateway_keepalive_seconds=60, matomo=True):
        """schema: "hub" or "oldest". detached: lives on after this process, until `down`."""
        self.directory = Path(directory) if directory else None
        self.keys = ApiKeys()
        self.schema = schema
        self._wanted = {"servers": servers, "matomo": matomo}
        self._max_rows = max_rows
        self._detached = detached
        self._keepalive_seconds = gateway_keepalive_seconds
        self._supervisor = None

    # --- life ---------------------------------------------------------------------------------------------------

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        if self.directory is None:
            self.directory = Path(tempfile.mkdtemp(prefix="hosting-sandbox."))
        else:
            self.directory.mkdir(mode=0o711, parents=True)
            self.directory = self.directory.resolve()
        os.chmod(self.directory, 0o711)  # postgres and nobody pass through; what is secret has a mode of its own
        closed = [path for path in self.directory.parents if not path.stat().st_mode & 0o001]
        if closed:
            self.directory.rmdir()
            raise RuntimeError(f"{self.directory} is no place for a sandbox: its unprivileged users may not pass "
                               f"through {closed[0]}")
        try:
            self._supervisor = Supervisor.start(self.directory, self._detached)
            self._start_parts()
        except BaseException:
            self.close()
            raise
        return self

    def _start_parts(self):
        self.certificates = certificates.https_certificates()
        self.postgres = Postgres(self._supervisor, self.directory / "postgres", self.schema)
        self.postgrest = Postgrest(self._supervisor, self.directory / "postgrest", self.postgres.folder,
                                   self.keys.jwt_secret, self._max_rows)
        self.gateway = Gateway(self._supervisor, self.directory / "gateway", self.keys, self.postgrest.port,
                               self.certificates, self._keepalive_seconds)
        self.canned = CannedAnswers(self._supervisor, self.gateway.folder)
        self.shared_queue = SharedQueue(self.postgres, self.gateway, self.keys.service_key)
        self.fleet = ServerFleet(self._supervisor, self.directory / "servers", self)
        self.matomo = Matomo(self._supervisor, self.directory / "matomo")
        self.postgres.create()
        self.postgrest.create()
        self.gateway.create()
        self.gateway.start()
        if self._wanted["matomo"]:
            self.matomo.start(wait=False)
        self.postgres.start()
        self.postgrest.start(wait=False)
        self.add_servers(self._wanted["servers"])
        self.postgrest.wait_until_ready()
        wait_for(lambda: self.sql("select 1 from pg_stat_activity where query ilike 'listen %%'"), 20,
                 "PostgREST is told when the schema changes")
        self.matomo.wait_until_ready()
        (self.directory / "sandbox.json").touch(mode=0o600)
        (self.directory / "sandbox.json").write_text(json.dumps(self.describe(), indent=2) + "\n")

    def close(self):
        """Ends every process and removes every file; safe to call twice."""
        if self._supervisor is not None:
            self._supervisor.end()
            self._supervisor = None
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)

    # --- Supabase -----------------------------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://127.0.0.1:{self.gateway.ports['http']}"

    @property
    def https_url(self):
        return f"https://localhost:{self.gateway.ports['https']}"

    @property
    def https_wrong_host_url(self):
        """The same answers with a certificate of the test CA for another name."""
        return f"https://localhost:{self.gateway.ports['wrong-host']}"

    @property
    def ca_file(self):
        return self.certificates / "ca.crt"

    @property
    def other_ca_file(self):
        return self.certificates / "other-ca.crt"

    @property
    def service_key(self):
        return self.keys.service_key

    @property
    def jwt_key(self):
        return self.keys.jwt_key

    @property
    def anon_key(self):
        return self.keys.anon_key

    def sql(self, text, *parameters):
        """One statement as the database's superuser; its rows as dicts."""
        return self.postgres.sql(text, *parameters)

    def reload_schema(self):
        """After DDL: PostgREST reads the schema again, as Supabase does by itself."""
        self.sql("notify pgrst, 'reload schema'")

    def requests(self):
        return self.gateway.requests()

    # --- rows ---------------------------------------------------------------------------------------------------

    def add_site(self, domain, server=None, status_dns="active", status_hosting="pending", **columns):
        """Inserts a row as the Hub would and returns its id; `server` is one of `servers` or an id."""
        return self.add_sites([domain], server, status_dns, status_hosting, **columns)[0]

    def add_sites(self, domains, server=None, status_dns="active", status_hosting="pending", **columns):
        """Many rows at once, one microsecond apart so that "oldest first" is the given order; their ids."""
        columns = {"status_dns": status_dns, "status_hosting": status_hosting, **columns}
        if server is not None:
            columns["server_id"] = getattr(server, "id", server)
        names = "".join(f", {name}" for name in columns)
        values = "".join(", %s" for _ in columns)
        created = ("", "") if self.schema == "oldest" or "created_at" in columns else (
            ", created_at", ", clock_timestamp() + number * interval '1 microsecond'")
        rows = self.sql(f"insert into sites (domain{names}{created[0]}) "
                        f"select domain{values}{created[1]} from unnest(%s::text[]) with ordinality as t(domain, number) "
                        "order by number returning id", *columns.values(), list(domains))
        return [row["id"] for row in rows]

    def site(self, site_id):
        """The row as it is now, or None."""
        rows = self.sql("select * from sites where id = %s", site_id)
        return rows[0] if rows else None

    def wait_for_sites(self, timeout, status="active", ids=None):
        """Waits until every site (or those in `ids`) has `status_hosting` = status."""
        def waiting():
            rows = self.sql("select id, domain, status_hosting, error_message from sites")
            return [row for row in rows if (ids is None or row["id"] in ids) and row["status_hosting"] != status]
        try:
            wait_for(lambda: not waiting(), timeout, f"every site is {status}")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {waiting()[:5]}") from None

    def set_matomo_credentials(self, url=None, token=None, **columns):
        """The row `matomo` of infrastructure_credentials; by default that of the sandbox's own Matomo."""
        columns = {"url": url or self.matomo_url, "api_token": token or self.matomo_token, **columns}
        self.sql("delete from infrastructure_credentials where service = 'matomo'")
        self.sql(f"insert into infrastructure_credentials (service, {', '.join(columns)}) "
                 f"values ('matomo', {', '.join(['%s'] * len(columns))})", *columns.values())

    # --- servers ------------------------------------------------------------------------------------------------

    @property
    def servers(self):
        return self.fleet.servers

    def add_server(self, **options):
        """One more server, with its row unless `row=False`; see ServerFleet.add."""
        return self.fleet.add(**options)

    def add_servers(self, count, **options):
        """Many servers, waiting only once all have been started."""
        return self.fleet.add_many(count, **options)

    def point_server_at(self, server, proxy=None):
        """The server's row names the proxy, or without one the server itself again."""
        where = proxy or server
        self.sql("update servers set ip_address = %s, ssh_port = %s where id = %s", where.address, where.port, server.id)

    # --- Matomo -------------------------------------------------------------------------------------------------

    @property
    def matomo_url(self):
        return self.matomo.url

    @property
    def matomo_token(self):
        return self.matomo.token

    @property
    def matomo_dir(self):
        return self.matomo.directory

    # --- everything ---------------------------------------------------------------------------------------------

    def describe(self):
        """Addresses, keys and paths as plain data: what `sandbox up` prints. It holds the sandbox's keys."""
        return {
            "directory": str(self.directory),
            "keeper_pid": self._supervisor.keeper_pid,
            "supabase": {
                "url": self.url, "https_url": self.https_url, "https_wrong_host_url": self.https_wrong_host_url,
                "ca_file": str(self.ca_file), "other_ca_file": str(self.other_ca_file),
                "service_key": self.service_key, "jwt_key": self.jwt_key, "anon_key": self.anon_key,
                "access_log": str(self.gateway.folder / "access.log"),
                "psql": f"psql -h {self.postgres.folder} -U postgres postgres",
            },
            "servers": [server.describe() for server in self.servers],
            "matomo": {"url": self.matomo_url, "token": self.matomo_token, "directory": str(self.matomo_dir)},
        }
