"""The queue that several daemons share, in the sandbox's database: conf/shared-queue.sql, and what it keeps."""

import http.client
import json
from pathlib import Path

from .waiting import wait_for

CONF = Path(__file__).resolve().parents[3] / "conf"
TABLES = ("incidents", "servers", "orders", "passed", "jobs", "workers")


class SharedQueue:
    """install, remove, clear; and looks at who holds what, on the database's clock."""

    def __init__(self, postgres, gateway, service_key):
        self._postgres = postgres
        self._gateway = gateway
        self._service_key = service_key

    # --- life ---------------------------------------------------------------------------------------------------

    def install(self):
        """Again, it changes nothing. Returns when PostgREST knows the functions."""
        self._postgres.run_script(CONF / "shared-queue.sql")
        wait_for(lambda: self._ask()[0] == 200, 20, "PostgREST knows the shared queue")

    def remove(self):
        self._postgres.run_script(CONF / "shared-queue-remove.sql")
        # PostgREST's own word, and not PostgreSQL's that there is no such function any more
        wait_for(lambda: self._ask()[1].get("code") == "PGRST202", 20, "PostgREST has forgotten the shared queue")

    def clear(self):
        """No daemon was ever there; the queue's id stays."""
        for table in TABLES:
            self._postgres.sql(f"delete from hosting_automator.{table}")

    def set_version(self, version):
        """What an older or a newer script would have left."""
        self._postgres.sql("update hosting_automator.about set version = %s", version)

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self._gateway.ports["http"], timeout=5)
        try:
            connection.request("POST", "/rest/v1/rpc/hosting_automator_work", "{}",
                               {"apikey": self._service_key, "Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    # --- looks --------------------------------------------------------------------------------------------------

    def id(self):
        """What the servers know the queue by."""
        return self._postgres.sql("select queue from hosting_automator.about")[0]["queue"]

    def workers(self):
        """Names of all that entered and did not leave."""
        return [row["worker"] for row in self._postgres.sql("select worker from hosting_automator.workers order by started")]

    def is_alive(self, worker):
        """Whether its lease has not ended."""
        return bool(self._postgres.sql("select 1 as alive from hosting_automator.workers where worker = %s "
                                       "and lease_until > hosting_automator.now_ms()", worker))

    def held(self, worker=None):
        """site id -> worker of all live leases."""
        rows = self._postgres.sql(
            "select j.site_id, j.worker from hosting_automator.jobs j join hosting_automator.workers w using (worker) "
            "where w.lease_until > hosting_automator.now_ms() and (%s is null or worker = %s)", worker, worker)
        return {row["site_id"]: row["worker"] for row in rows}

    def job(self, site_id):
        """Its row as it is, or None."""
        rows = self._postgres.sql("select * from hosting_automator.jobs where site_id = %s", site_id)
        return rows[0] if rows else None

    def jobs(self):
        return self._postgres.sql("select count(*) from hosting_automator.jobs")[0]["count"]

    def incidents(self):
        return [row["place"] for row in self._postgres.sql("select place from hosting_automator.incidents order by place")]
