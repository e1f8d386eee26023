"""Leases on the database's clock, tokens, and who works on what."""

import threading

import pytest
from hosting_sandbox.waiting import wait_for
from queue_client import Refused, site_write

SHORT_MS = 300


@pytest.fixture
def rows(sandbox, worker, server):
    """Three rows that the worker holds."""
    sandbox.add_sites(["a.com", "b.com", "c.com"], server)
    return worker.take()


def test_a_lease_ends_by_the_databases_clock(sandbox, new_worker, worker, rows, now_ms):
    worker.renew(lease_ms=SHORT_MS)
    end = sandbox.sql("select lease_until from hosting_automator.workers where worker = %s", worker.name)[0]["lease_until"]
    other = new_worker()
    taken = wait_for(other.take, 10, "the lease has ended")
    assert now_ms() >= end
    assert {row["domain"] for row in taken} == {"a.com", "b.com", "c.com"}
    assert min(row["token"] for row in taken) > max(row["token"] for row in rows)


def test_a_renewed_lease_goes_on_with_its_tokens(sandbox, new_worker, worker, rows):
    held = {row["id"]: row["token"] for row in rows}
    other = new_worker()
    for _ in range(20):  # each time for longer than it takes until the next one
        assert worker.renew(lease_ms=5_000) == held
        assert worker.claim(room=0, lease_ms=5_000)["held"] == held
        assert other.take() == []
    assert sandbox.sql("select count(*) from hosting_automator.jobs where worker = %s", worker.name) == [{"count": 3}]


@pytest.mark.parametrize("call", ["renew", "claim"])
def test_a_worker_that_is_too_late_holds_nothing_though_nobody_took_it(sandbox, worker, rows, now_ms, call):
    worker.renew(lease_ms=SHORT_MS)
    end = now_ms() + SHORT_MS
    wait_for(lambda: now_ms() > end, 10, "the lease has ended")
    if call == "renew":
        assert worker.renew() == {}
    else:
        answer = worker.claim()
        assert {row["id"] for row in answer["rows"]} == {row["id"] for row in rows}
        assert answer["held"] == {row["id"]: row["token"] for row in answer["rows"]}
        assert min(row["token"] for row in answer["rows"]) > max(row["token"] for row in rows)


def test_what_comes_too_late_is_refused(sandbox, new_worker, worker, rows):
    worker.renew(lease_ms=SHORT_MS)
    other = new_worker()
    taken = {row["id"]: row for row in wait_for(other.take, 10, "the lease has ended")}
    late = rows[0]
    for what in ("site", "keep", "release", "forget"):
        assert worker.keep(late, what, record={"late": True}) == [late["id"]]
    assert worker.finish(late, {"status_hosting": "active"}) == "lease_lost"
    # nor does the right token help somebody else
    assert worker.keep(taken[late["id"]], record={"late": True}) == [late["id"]]
    assert worker.finish(taken[late["id"]], {"status_hosting": "active"}) == "lease_lost"
    assert sandbox.site(late["id"])["status_hosting"] == "pending"
    assert other.renew() == {site: row["token"] for site, row in taken.items()}
    assert other.keep(taken[late["id"]]) == []


def test_what_is_released_or_forgotten_is_given_again(sandbox, worker, rows):
    worker.record(site_write(rows[0], "keep", record={"kept": 1}), site_write(rows[1], "keep", record={"kept": 2}))
    assert worker.record({"what": "release", "site_id": rows[0]["id"], "token": rows[0]["token"]},
                         {"what": "forget", "site_id": rows[1]["id"], "token": rows[1]["token"]}) == []
    assert worker.renew() == {rows[2]["id"]: rows[2]["token"]}
    again = worker.take()
    assert [(row["domain"], row["record"]) for row in again] == [("a.com", {"kept": 1}), ("b.com", None)]
    assert min(row["token"] for row in again) > max(row["token"] for row in rows)


def test_leaving_gives_everything_back_at_once(sandbox, new_worker, worker, rows):
    worker.leave()
    assert len(new_worker().take()) == 3
    with pytest.raises(Refused, match="must enter"):
        worker.renew()


def test_a_new_life_under_the_same_name_begins_with_nothing(new_worker, worker, rows):
    again = new_worker(worker.name)
    assert again.number > worker.number
    assert again.renew() == {}
    assert worker.finish(rows[0], {"status_hosting": "active"}) == "lease_lost"


def test_tokens_only_grow(sandbox, new_worker, server):
    site = sandbox.add_site("example.com", server)
    workers = [new_worker() for _ in range(4)]
    seen, lock = [], threading.Lock()

    def work(worker):
        while len(seen) < 200:
            for row in worker.take(room=1):
                with lock:
                    seen.append(row["token"])
                assert worker.record({"what": "release", "site_id": site, "token": row["token"]}) == []
    threads = [threading.Thread(target=work, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # in the order in which the row was given, since nobody gets it before the last one has let it go
    assert len(seen) >= 200 and seen == sorted(set(seen))


def test_who_works_on_what(sandbox, new_worker, worker, rows):
    idle = new_worker()
    worker.keep(rows[1], record={"attempts": [2]}, next_attempt=7, waiting_since=5, announced="cert_dns")
    told = worker.work()
    assert told["queue"] == worker.queue and told["version"] == 1 and told["site"] is None
    assert [(w["worker"], w["host"], w["held"]) for w in told["workers"]] == [
        (worker.name, "host-of-" + worker.name, 2), (idle.name, "host-of-" + idle.name, 0)]
    assert all(told["now"] - 60_000 < w["started"] <= w["seen"] <= told["now"] for w in told["workers"])
    assert {(lease["site_id"], lease["domain"], lease["worker"], lease["host"]) for lease in told["leases"]} == {
        (row["id"], row["domain"], worker.name, "host-of-" + worker.name) for row in (rows[0], rows[2])}
    assert all(lease["ends"] > told["now"] for lease in told["leases"])
    assert worker.work(site=rows[1]["id"])["site"] == {
        "site_id": rows[1]["id"], "domain": "b.com", "server_id": rows[1]["server_id"], "record": {"attempts": [2]},
        "next_attempt": 7, "waiting_since": 5, "announced": "cert_dns", "worker": None, "token": rows[1]["token"]}
    assert worker.work(site=rows[0]["id"])["site"]["worker"] == worker.name
    assert worker.work(site="no-such")["site"] is None


def test_an_ended_lease_is_told_as_none(worker, rows):
    worker.renew(lease_ms=SHORT_MS)

    def told():
        return worker.work(site=rows[0]["id"])
    wait_for(lambda: told()["leases"] == [], 10, "the lease has ended")
    assert [w["held"] for w in told()["workers"]] == [0]
    assert told()["site"]["worker"] is None


def test_workers_that_are_long_gone_are_forgotten_but_not_their_leases(sandbox, new_worker, worker, rows):
    gone, recent = new_worker(), new_worker()
    sandbox.sql("update hosting_automator.workers set seen = seen - 25 * 3600000 where worker <> %s", recent.name)
    new = new_worker()
    left = {row["worker"] for row in sandbox.sql("select worker from hosting_automator.workers")}
    assert left == {worker.name, recent.name, new.name} and gone.name not in left
