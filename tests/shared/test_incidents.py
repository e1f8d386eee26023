"""A server that cannot be used now: who may try it, who says so, who has waited for too long."""

import pytest
from hosting_sandbox.waiting import wait_for

HOUR_MS = 3_600_000


@pytest.fixture
def two(sandbox, add_server):
    """Two servers with three rows each; the first one is down in the tests."""
    down, well = add_server(), add_server()
    sandbox.add_sites([f"down{n}.com" for n in range(3)], down)
    sandbox.add_sites([f"well{n}.com" for n in range(3)], well)
    return down, well


def domains(answer):
    return [row["domain"] for row in answer["rows"]]


def test_an_incident_is_told_to_everybody_until_it_is_over(worker, new_worker, now_ms):
    since = now_ms()
    worker.incident("a:22", ["x"], since=since, next_probe=since + HOUR_MS, probes=1)
    told = [{"place": "a:22", "record": {"probes": 1}, "since": since, "next_probe": since + HOUR_MS}]
    other = new_worker()
    assert other.claim()["incidents"] == worker.claim(seen=1 << 40)["incidents"] == told
    # a second witness does not make it younger
    other.incident("a:22", ["x"], since=since + 5, next_probe=since + 2 * HOUR_MS, probes=2)
    assert worker.claim()["incidents"] == [{**told[0], "record": {"probes": 2}, "next_probe": since + 2 * HOUR_MS}]
    worker.incident_over("a:22")
    assert other.claim()["incidents"] == []


def test_what_was_seen_earlier_is_no_news(worker, new_worker, now_ms):
    """As when it is written by a daemon that was cut off from the database meanwhile."""
    since = now_ms()
    worker.incident("a:22", ["x"], since=since, next_probe=since + HOUR_MS, noted=since, probes=2)
    late = new_worker()
    late.incident("a:22", ["y"], since=since, next_probe=since, noted=since - 1, probes=1)
    late.incident_over("a:22", noted=since - 1)
    assert worker.claim()["incidents"] == [
        {"place": "a:22", "record": {"probes": 2}, "since": since, "next_probe": since + HOUR_MS}]
    late.incident_over("a:22", noted=since)
    assert worker.claim()["incidents"] == []


def test_a_clock_that_is_ahead_does_not_have_the_last_word_for_long(worker, new_worker, now_ms):
    worker.incident("a:22", ["x"], since=now_ms(), next_probe=now_ms() + HOUR_MS, noted=now_ms() + HOUR_MS)
    new_worker().incident_over("a:22", noted=now_ms())
    assert worker.claim()["incidents"] == []


def test_rows_of_a_server_that_is_down_are_not_given_until_it_is_over(worker, new_worker, two, now_ms):
    worker.incident("a:22", [two[0]], since=now_ms(), next_probe=now_ms() + HOUR_MS)
    assert domains(new_worker().claim()) == ["well0.com", "well1.com", "well2.com"]
    worker.incident_over("a:22")
    assert domains(new_worker().claim()) == ["down0.com", "down1.com", "down2.com"]


def test_rows_that_name_no_server_belong_to_the_default_ones(sandbox, worker, now_ms):
    sandbox.add_site("none.com")
    worker.incident("a:22", ["", "x"], since=now_ms(), next_probe=now_ms() + HOUR_MS)
    assert domains(worker.claim()) == []
    worker.incident("a:22", ["x"], since=now_ms(), next_probe=now_ms() + HOUR_MS)
    assert domains(worker.claim()) == ["none.com"]


def test_one_row_probes_when_it_is_due_and_no_other_before_its_lease_could_end(worker, new_worker, two, now_ms):
    worker.incident("a:22", [two[0]], since=now_ms(), next_probe=now_ms())
    first = worker.claim(lease_ms=HOUR_MS)
    assert [(row["domain"], row["probe"]) for row in first["rows"]] == [
        ("down0.com", True), ("well0.com", False), ("well1.com", False), ("well2.com", False)]
    assert [row["waiting_since"] for row in first["rows"]] == [None] * 4
    assert first["incidents"][0]["next_probe"] > now_ms() + HOUR_MS - 60_000
    assert domains(new_worker().claim()) == []


def test_one_of_many_probes(sandbox, worker, new_worker, two, now_ms):
    """Two servers of one place, many who ask at once: one probe."""
    sandbox.add_sites([f"more{n}.com" for n in range(3)], two[1])
    worker.incident("a:22", two, since=now_ms(), next_probe=now_ms())
    given = [row for other in [new_worker() for _ in range(5)] for row in other.take()]
    assert [row["probe"] for row in given] == [True]


def test_a_probe_that_is_not_reported_is_followed_by_another(worker, new_worker, two, now_ms):
    worker.incident("a:22", [two[0]], since=now_ms(), next_probe=now_ms())
    assert worker.take(room=1, lease_ms=300)[0]["domain"] == "down0.com"
    other = new_worker()
    probes = wait_for(lambda: [row for row in other.take() if row["probe"]], 10, "the next probe")
    assert [row["domain"] for row in probes] == ["down0.com"]


def test_a_probe_waits_for_a_row_that_is_due_and_for_a_server_that_is_not_paused(sandbox, worker, two, now_ms):
    rows = [row for row in worker.take() if row["server_id"] == two[0]]
    for row in rows:
        worker.keep(row, next_attempt=now_ms() + HOUR_MS)
    due = now_ms()
    worker.incident("a:22", [two[0]], since=due, next_probe=due)
    assert worker.claim()["incidents"][0]["next_probe"] == due
    sandbox.add_site("down3.com", two[0])
    sandbox.sql("update servers set is_active = false where id = %s", two[0])
    assert worker.claim()["rows"] == []
    sandbox.sql("update servers set is_active = true where id = %s", two[0])
    assert [(row["domain"], row["probe"]) for row in worker.take()] == [("down3.com", True)]


def test_what_has_waited_for_long_enough_says_so_once(sandbox, worker, new_worker, two, now_ms):
    since = now_ms() - HOUR_MS
    sandbox.sql("update sites set created_at = created_at - interval '2 hours' where server_id = %s", two[0])
    young = sandbox.add_site("young.com", two[0])
    worker.incident("a:22", [two[0]], since=since, next_probe=now_ms() + HOUR_MS)
    rows = [row for row in worker.take(announce_after_ms=HOUR_MS // 2) if row["server_id"] == two[0]]
    assert [(row["domain"], row["waiting_since"], row["probe"]) for row in rows] == [
        (f"down{n}.com", since, False) for n in range(3)]
    for row in rows:
        worker.keep(row, announced="ssh_unreachable", waiting_since=row["waiting_since"])
    other = new_worker()
    assert other.take(announce_after_ms=HOUR_MS // 2) == []
    # another cause is another thing to say, by those that have waited since then
    worker.incident("a:22", [two[0]], cause="panel_broken", since=since, next_probe=now_ms() + HOUR_MS)
    assert [row["domain"] for row in other.take(announce_after_ms=HOUR_MS // 2)] == [f"down{n}.com" for n in range(3)]
    # the young one waits since it was made
    told = other.take(announce_after_ms=0)
    made = sandbox.sql("select floor(extract(epoch from created_at) * 1000)::bigint as at from sites where id = %s",
                       young)
    assert [(row["domain"], row["waiting_since"]) for row in told] == [("young.com", made[0]["at"])]


def test_what_has_waited_for_too_long_is_given(sandbox, worker, new_worker, two, now_ms):
    rows = {row["domain"]: row for row in worker.take()}
    worker.keep(rows["down0.com"], announced="ssh_unreachable", waiting_since=now_ms() - 2 * HOUR_MS)
    worker.keep(rows["down1.com"], announced="ssh_unreachable", waiting_since=now_ms() - HOUR_MS // 2)
    worker.keep(rows["down2.com"], announced="ssh_unreachable", next_attempt=now_ms() + HOUR_MS,
                waiting_since=now_ms() - 2 * HOUR_MS)
    worker.incident("a:22", [two[0]], since=now_ms() - HOUR_MS, next_probe=now_ms() + HOUR_MS)
    assert new_worker().take(announce_after_ms=0, outage_limit_ms=0) == []
    given = new_worker().take(outage_limit_ms=HOUR_MS)
    assert [(row["domain"], row["waiting_since"] < now_ms() - HOUR_MS) for row in given] == [("down0.com", True)]


def test_incidents_that_nobody_probes_are_forgotten_after_eight_days(sandbox, worker, new_worker, now_ms):
    worker.incident("old:22", ["x"], next_probe=now_ms() - 8 * 24 * HOUR_MS - 1)
    worker.incident("new:22", ["x"], next_probe=now_ms() - 7 * 24 * HOUR_MS)
    assert [told["place"] for told in new_worker().claim()["incidents"]] == ["new:22"]
