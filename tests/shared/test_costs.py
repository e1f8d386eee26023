"""What a claim touches, in pages of the database: it must not grow with what waits. Times are no part of it."""

import json

import pytest
from hosting_sandbox.waiting import wait_for

SERVERS = 50
WAITING = 100_000
SIX_HUNDRED_EACH = 30_000


@pytest.fixture
def many(sandbox):
    """A hundred thousand rows over fifty servers, made at one instant; no table was analysed since it was empty."""
    sandbox.sql("insert into servers (name) select 'web' || n from generate_series(1, %s) n", SERVERS)
    sandbox.sql("""
        insert into sites (domain, server_id, status_dns)
        select 'site' || n || '.com', s.ids[1 + n %% %s], 'active'
        from generate_series(1, %s) n, (select array_agg(id) as ids from servers) s""", SERVERS, WAITING)
    yield sandbox
    sandbox.sql("truncate sites")


def pages(sandbox, worker, room=50):
    """Pages that one claim looks at. Another one goes before it: what a session reads of the catalog is not counted."""
    claim = f"hosting_automator_claim('{worker.name}', %s, 600000, 1000, 600000, 0)"
    sandbox.sql(f"select {claim % 0}")
    told = sandbox.sql(f"explain (analyze, buffers, format json) select {claim % room}")[0]["QUERY PLAN"]
    plan = told[0]["Plan"]
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


def held(sandbox):
    return sandbox.sql("select count(*) from hosting_automator.jobs where worker is not null")[0]["count"]


def let_first_wait(sandbox, count):
    """The first rows of each server wait for their next attempt."""
    sandbox.sql("insert into hosting_automator.jobs (site_id, domain, server, next_attempt, token) "
                "select id, domain, server_id, hosting_automator.now_ms() + 3600000, 0 from ("
                "select *, row_number() over (partition by server_id order by created_at, id) from sites) s "
                "order by row_number limit %s on conflict do nothing", count)


def test_nothing_to_be_done_costs_next_to_nothing(sandbox, worker):
    sandbox.sql("insert into servers (name) select 'web' || n from generate_series(1, 2000) n")
    pages(sandbox, worker)
    assert pages(sandbox, worker) < 150


def test_fifty_rows_of_a_hundred_thousand(many, new_worker):
    costs = [pages(many, new_worker()) for _ in range(4)]
    assert held(many) == 200
    assert max(costs) < 50 * 100


def test_a_full_worker_costs_what_it_holds(many, worker):
    pages(many, worker, room=250)
    assert held(many) == 250
    assert pages(many, worker, room=0) < 250 * 12


def test_rows_that_wait_are_passed_by_once_in_a_while(many, worker, new_worker):
    let_first_wait(many, SIX_HUNDRED_EACH)
    first = pages(many, new_worker())
    many.sql("update hosting_automator.passed set until = until + 600000")
    second, third = pages(many, new_worker()), pages(many, new_worker())
    assert held(many) == 150
    assert first > SIX_HUNDRED_EACH  # the measure sees it
    assert max(second, third) < 50 * 100


def test_a_row_among_those_that_are_passed_by_is_found_all_the_same(many, worker):
    let_first_wait(many, SIX_HUNDRED_EACH)
    pages(many, worker)
    one = many.sql("update hosting_automator.jobs set next_attempt = null where site_id in (select site_id "
                   "from hosting_automator.jobs where worker is null limit 1) returning site_id::text as id")[0]
    many.sql("update hosting_automator.passed set until = hosting_automator.now_ms() + 200")
    wait_for(lambda: one["id"] in worker.claim(room=SERVERS)["held"], 60, "the row is given")


def test_what_a_lost_worker_held_among_them_is_found_at_once(many, new_worker):
    lost, other = new_worker(), new_worker()
    first = lost.take(room=SERVERS)
    let_first_wait(many, SIX_HUNDRED_EACH)
    other.take(room=SERVERS)
    assert many.sql("select count(*) from hosting_automator.passed") == [{"count": SERVERS}]
    lost.leave()
    assert {row["id"] for row in first} == {row["id"] for row in other.take(room=SERVERS)}


def test_a_server_that_is_down_is_not_looked_through_for_each_claim(many, worker, now_ms):
    down = [str(row["id"]) for row in many.sql("select id from servers")]
    worker.incident("a:22", down, since=now_ms(), next_probe=now_ms() + 3_600_000)
    first = pages(many, worker)
    many.sql("update hosting_automator.passed set until = until + 600000")
    second = pages(many, worker)
    assert first > WAITING and second < 2000
    assert held(many) == 0
    # what was passed by for that reason alone is given when it is over
    worker.incident_over("a:22")
    assert pages(many, worker) < 50 * 100
    assert held(many) == 50
