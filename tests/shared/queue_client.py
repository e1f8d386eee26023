"""A worker as the database sees one: calls of the shared queue's functions over PostgREST."""

import http.client
import itertools
import json

VERSION = 1
LONG_MS = 600_000

_numbers = itertools.count(1)


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status
        self.code = body.get("code")
        self.message = body.get("message")


class Client:
    """A connection that stays open."""

    def __init__(self, sandbox, key=None, bearer=None):
        self._headers = {"apikey": key or sandbox.service_key, "Content-Type": "application/json"}
        if bearer:
            self._headers["Authorization"] = f"Bearer {bearer}"
        self._connection = http.client.HTTPConnection("127.0.0.1", sandbox.gateway.ports["http"], timeout=60)

    def post(self, function, arguments):
        self._connection.request("POST", f"/rest/v1/rpc/{function}", json.dumps(arguments), self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")

    def call(self, function, **arguments):
        status, body = self.post(f"hosting_automator_{function}", arguments)
        if status != 200:
            raise Refused(status, body)
        return body


class Worker:
    """One daemon's life."""

    def __init__(self, sandbox, name=None, version=VERSION):
        self.name = name or f"worker-{next(_numbers)}"
        self._client = Client(sandbox)
        self._orders = itertools.count(1)
        entered = self.call("enter", host="host-of-" + self.name, version=version)
        self.queue, self.number = entered["queue"], entered["number"]

    def call(self, function, **arguments):
        return self._client.call(function, worker=self.name, **arguments)

    def claim(self, room=100, lease_ms=LONG_MS, per_server=1000, announce_after_ms=LONG_MS, outage_limit_ms=0, **more):
        return self.call("claim", room=room, lease_ms=lease_ms, per_server=per_server,
                         announce_after_ms=announce_after_ms, outage_limit_ms=outage_limit_ms, **more)

    def take(self, **how):
        """The rows that a claim gave."""
        return self.claim(**how)["rows"]

    def renew(self, lease_ms=LONG_MS):
        return self.call("renew", lease_ms=lease_ms)["held"]

    def record(self, *writes):
        """The sites whose writes were ignored."""
        return self.call("record", writes=list(writes))["ignored"]

    def keep(self, row, what="site", **fields):
        """Records a site as this row has it, and with `what` "site" releases it."""
        return self.record(site_write(row, what, **fields))

    def finish(self, row, change, done=True, as_read=None):
        if as_read is None:
            as_read = {"domain": row["domain"], "server_id": row["server_id"], "status_hosting": "pending"}
        return self.call("finish", site_id=row["id"], token=row["token"], as_read=as_read, change=change,
                         done=done)["result"]

    def order(self, place, registered, seen=0, order_id=None, **record):
        return self.call("order", id=order_id or self.new_order(), place=place, registered=registered,
                         domain="www." + registered, record=record, seen=seen)

    def new_order(self):
        return self.number << 32 | next(self._orders)

    def incident(self, place, servers, cause="ssh_unreachable", since=0, next_probe=1 << 60, noted=1 << 60, **record):
        """noted: when it was seen; in the future it counts as now."""
        return self.record({"what": "incident", "place": place, "server_ids": [str(server) for server in servers],
                            "cause": cause, "record": record, "since": since, "next_probe": next_probe, "noted": noted})

    def incident_over(self, place, noted=1 << 60):
        return self.record({"what": "incident_over", "place": place, "noted": noted})

    def leave(self):
        return self.call("leave")

    def work(self, **site):
        """Who works on what, as anybody with the service key may ask."""
        return self._client.call("work", **site)


def site_write(row, what="site", **fields):
    return {"what": what, "site_id": row["id"], "token": row["token"], "domain": row["domain"],
            "server_id": row["server_id"], "record": None, "next_attempt": None, "waiting_since": None,
            "announced": None, **fields}
