"""Workers that do all that can be done, by chance and at once: nobody is refused, and each site is done once."""

import random
import threading
from collections import Counter

from queue_client import site_write

WORKERS = 8
SITES = 400
PATIENCE = 4_000  # calls of one worker


class Actor:
    """One worker's thread: claims a few rows and does something with each; its lease ends every now and then."""

    def __init__(self, worker, seed, servers):
        self.worker = worker
        self._chance = random.Random(seed)
        self._servers = servers
        self._seen = 0
        self.written = []
        self.error = None
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            empty = 0
            for _ in range(PATIENCE):
                rows = self._claim()
                self._elsewhere()
                for row in rows:
                    self._work_on(row)
                empty = 0 if rows else empty + 1
                if empty > 50:
                    break
        except Exception as error:  # judged by the test
            self.error = error

    def _claim(self):
        answer = self.worker.claim(room=self._chance.randint(1, 9), lease_ms=self._chance.choice([5, 50, 5_000]),
                                    announce_after_ms=0, outage_limit_ms=1, seen=self._seen)
        self._seen = answer["seen"]
        return answer["rows"]

    def _elsewhere(self):
        place = self._chance.choice(self._servers)
        what = self._chance.randrange(6)
        if what == 0:
            self.worker.record({"what": "server", "place": place, "facts": {"n": self._chance.random()}},
                                {"what": "incident", "place": place, "server_ids": [place], "cause": "c", "since": 0,
                                 "record": {}, "next_probe": 0, "noted": 1 << 60})
        elif what == 1:
            self.worker.record(*({"what": "incident_over", "place": server, "noted": 1 << 60} for server in self._servers))
        elif what == 2:
            self.worker.renew(lease_ms=5_000)
        elif what == 3:
            order = self.worker.new_order()
            self.worker.order(place, place, order_id=order, seen=self._seen)
            self.worker.record({"what": "order_end", "id": order, "outcome": "issued", "not_before": None,
                                "record": {}})

    def _work_on(self, row):
        what = self._chance.randrange(5)
        if what == 0:
            self.worker.record(site_write(row, "keep", record={"n": 1}), site_write(row, "site", record={"n": 2}))
        elif what == 1:
            self.worker.record({"what": "release", "site_id": row["id"], "token": row["token"]})
        elif what == 2:
            self.worker.finish(row, {"error_message": "WAITING"}, done=False)
        elif self.worker.finish(row, {"status_hosting": "active"}) == "written":
            self.written.append(row["id"])


def test_everything_at_once(sandbox, new_worker, add_server):
    servers = [str(add_server()) for _ in range(4)]
    for number, server in enumerate(servers):
        sandbox.add_sites([f"site{number}-{n}.com" for n in range(SITES // len(servers))], server)
    actors = [Actor(new_worker(), seed, servers) for seed in range(WORKERS)]
    for actor in actors:
        actor.thread.start()
    for actor in actors:
        actor.thread.join()
    assert [actor.error for actor in actors] == [None] * WORKERS
    # the last one does what the others left: rows that are held until a lease ends, or that an incident keeps back
    for actor in actors:
        actor.worker.leave()
    sandbox.sql("delete from hosting_automator.incidents")
    last = new_worker()
    rest = [row["id"] for row in last.take(room=SITES) if last.finish(row, {"status_hosting": "active"}) == "written"]
    written = Counter(site for actor in actors for site in actor.written) + Counter(rest)
    assert len(written) == SITES and set(written.values()) == {1}
    assert len(rest) < SITES // 2
    assert sandbox.sql("select distinct status_hosting from sites") == [{"status_hosting": "active"}]
