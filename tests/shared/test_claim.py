"""Who is given which rows."""

import pytest
from databases import Database
from hosting_sandbox.waiting import wait_for
from queue_client import Refused


def domains(rows):
    return [row["domain"] for row in rows]


def names(prefix, count):
    return [f"{prefix}{number}.com" for number in range(count)]


def test_a_claim_tells_what_is_to_be_done(sandbox, worker, server, now_ms):
    site = sandbox.add_site("example.com", server)
    nowhere = sandbox.add_site("nowhere.com")
    before = now_ms()
    answer = worker.claim(room=3)
    assert before <= answer["now"] <= now_ms()
    created = sandbox.sql("select floor(extract(epoch from created_at) * 1000)::bigint as at from sites order by at")
    tokens = [row["token"] for row in answer["rows"]]
    assert answer["rows"] == [
        {"id": site, "domain": "example.com", "server_id": server, "created_at": created[0]["at"], "token": tokens[0],
         "record": None, "next_attempt": None, "waiting_since": None, "probe": False},
        {"id": nowhere, "domain": "nowhere.com", "server_id": None, "created_at": created[1]["at"], "token": tokens[1],
         "record": None, "next_attempt": None, "waiting_since": None, "probe": False}]
    assert answer["held"] == {site: tokens[0], nowhere: tokens[1]}
    assert (answer["incidents"], answer["servers"], answer["orders"], answer["more"]) == ([], [], [], False)
    assert answer["full"] is False


def test_only_what_is_pending_with_its_dns_is_given(sandbox, worker, server):
    sandbox.add_site("no-dns.com", server, status_dns="pending")
    sandbox.add_site("active.com", server, status_hosting="active")
    sandbox.add_site("failed.com", server, status_hosting="failed")
    answer = worker.claim()
    assert (answer["rows"], answer["held"], answer["full"]) == ([], {}, False)


def test_room_is_the_limit_and_the_oldest_come_first(sandbox, worker, server):
    sandbox.add_sites(names("site", 5), server)
    first = worker.claim(room=2)
    assert (domains(first["rows"]), first["full"]) == (["site0.com", "site1.com"], True)
    rest = worker.claim(room=9)
    assert (domains(rest["rows"]), rest["full"]) == (["site2.com", "site3.com", "site4.com"], False)
    assert len(rest["held"]) == 5


def test_the_servers_with_the_oldest_rows_come_first_where_there_is_no_room_for_all(sandbox, worker, add_server):
    servers = [add_server() for _ in range(4)]
    for number, server in enumerate(servers):
        sandbox.add_sites(names(f"server{number}-", 3), server)
    assert domains(worker.take(room=2)) == ["server0-0.com", "server1-0.com"]
    # the two that it holds nothing of
    assert domains(worker.take(room=2)) == ["server2-0.com", "server3-0.com"]
    assert domains(worker.take(room=6)) == ["server0-1.com", "server0-2.com", "server1-1.com", "server1-2.com",
                                            "server2-1.com", "server3-1.com"]


def test_a_crowded_server_leaves_room_for_the_others_and_takes_what_they_leave(sandbox, worker, add_server):
    crowded, quiet = add_server(), add_server()
    sandbox.add_sites(names("crowded", 20), crowded)
    sandbox.add_sites(names("quiet", 3), quiet)
    sandbox.add_sites(names("none", 1))
    given = domains(worker.take(room=12))
    assert given == names("crowded", 8) + names("quiet", 3) + names("none", 1)


def test_no_more_than_per_server_are_held_of_one(sandbox, worker, new_worker, add_server):
    sandbox.add_sites(names("a", 5), add_server())
    sandbox.add_sites(names("b", 5), add_server())
    assert domains(worker.take(per_server=2)) == ["a0.com", "a1.com", "b0.com", "b1.com"]
    assert worker.take(per_server=2) == []
    assert domains(new_worker().take(per_server=1)) == ["a2.com", "b2.com"]


def test_it_is_told_whether_there_is_more(sandbox, worker, new_worker, add_server):
    busy, paused = add_server(), add_server(is_active=False)
    sandbox.add_sites(names("paused", 3), paused)
    assert worker.claim(room=0)["full"] is False
    sandbox.add_sites(names("busy", 4), busy)
    assert worker.claim(room=0)["full"] is True  # no room
    assert worker.claim(room=9, per_server=2)["full"] is True  # no more of this server
    assert worker.claim(room=1, per_server=9)["full"] is True  # room for one
    assert worker.claim(room=1, per_server=9)["full"] is False  # for all that were left
    assert new_worker().claim(room=0)["full"] is False  # the others hold them


def test_a_paused_servers_rows_are_not_given(sandbox, worker, add_server):
    sandbox.add_site("paused.com", add_server(is_active=False))
    sandbox.add_site("unsaid.com", add_server(is_active=None))
    assert domains(worker.take()) == ["unsaid.com"]
    sandbox.sql("update servers set is_active = true")
    assert domains(worker.take()) == ["paused.com"]


def test_a_row_whose_server_is_gone_is_given(sandbox, worker, server):
    sandbox.sql("alter table sites drop constraint sites_server_id_fkey")
    try:
        sandbox.add_site("lost.com", "00000000-0000-0000-0000-00000000dead")
        assert domains(worker.take()) == ["lost.com"]
    finally:
        sandbox.sql("delete from sites")
        sandbox.sql("alter table sites add constraint sites_server_id_fkey foreign key (server_id) references servers")


def test_a_row_without_a_date_comes_last(sandbox, worker, server):
    sandbox.sql("alter table sites alter created_at drop not null")
    try:
        sandbox.add_site("undated.com", server, created_at=None)
        sandbox.add_site("endless.com", server, created_at="infinity")
        sandbox.add_site("dated.com", server)
        rows = worker.take()
        assert domains(rows) == ["dated.com", "endless.com", "undated.com"]
        assert [row["created_at"] for row in rows[1:]] == [None, None]
    finally:
        sandbox.sql("delete from sites")
        sandbox.sql("alter table sites alter created_at set not null")


def test_nobody_else_is_given_what_is_held(sandbox, worker, new_worker, server):
    sandbox.add_sites(names("site", 4), server)
    assert len(worker.take(room=2)) == 2
    assert domains(new_worker().take()) == ["site2.com", "site3.com"]
    assert new_worker().take() == []


def test_a_row_whose_job_is_locked_is_not_waited_for(sandbox, worker, new_worker, server):
    """Who locked it may wait for the row in its turn, as finish does; the database would end one of the two."""
    sandbox.add_sites(names("site", 2), server)
    rows = worker.take()
    worker.record(*({"what": "release", "site_id": row["id"], "token": row["token"]} for row in rows))
    locker = Database(sandbox.postgres.folder, "postgres")
    locker.connection.autocommit = False
    locker.sql("select from hosting_automator.jobs where site_id = %s for update", rows[0]["id"])
    other = new_worker()
    assert domains(other.take()) == ["site1.com"]
    assert other.take(only=rows[0]["id"]) == []
    locker.connection.close()
    assert domains(other.take()) == ["site0.com"]


def test_a_site_that_waits_is_released_with_what_is_known_and_given_when_it_is_due(sandbox, worker, new_worker, server,
                                                                                   now_ms):
    sandbox.add_site("example.com", server)
    row = worker.take()[0]
    assert worker.keep(row, record={"attempts": [1]}, next_attempt=now_ms() + 3_600_000, waiting_since=5, announced="cert_dns") == []
    assert worker.renew() == {}
    other = new_worker()
    assert other.take() == []
    due = now_ms() + 50
    sandbox.sql("update hosting_automator.jobs set next_attempt = %s", due)
    sandbox.sql("delete from hosting_automator.passed")
    again = wait_for(other.take, 10, "it is due")[0]
    assert now_ms() >= due
    assert (again["record"], again["next_attempt"], again["waiting_since"]) == ({"attempts": [1]}, due, 5)
    assert again["token"] > row["token"]


def test_a_row_that_changed_starts_from_zero(sandbox, worker, add_server, now_ms):
    first, second = add_server(), add_server()
    later = now_ms() + 3_600_000
    for change in ("domain = 'other.com'", f"server_id = '{second}'", "server_id = null"):
        sandbox.sql("delete from sites")
        sandbox.add_site("example.com", first)
        row = worker.take()[0]
        worker.keep(row, record={"attempts": [1]}, next_attempt=later, waiting_since=5, announced="x")
        assert worker.take() == []
        sandbox.sql(f"update sites set {change}")
        again = worker.take()[0]
        assert (again["record"], again["next_attempt"], again["waiting_since"]) == (None, None, None), change
        kept = sandbox.sql("select domain, server, announced from hosting_automator.jobs where worker is not null")[-1]
        assert kept == {"domain": again["domain"], "server": again["server_id"] or "", "announced": None}
        worker.record({"what": "forget", "site_id": again["id"], "token": again["token"]})


def test_one_row_is_given_whatever_its_state(sandbox, worker, new_worker, add_server, now_ms):
    paused = add_server(is_active=False)
    site = sandbox.add_site("example.com", paused, status_hosting="failed", status_dns="pending")
    sandbox.add_site("pending.com")
    row = worker.take(room=1, only=site)[0]
    assert (row["id"], row["domain"], row["probe"]) == (site, "example.com", False)
    assert new_worker().take(only=site) == []
    answer = worker.claim(only=site)
    assert (answer["rows"], answer["held"]) == ([], {site: row["token"]})
    worker.keep(row, next_attempt=now_ms() + 3_600_000, record={"kept": True})
    again = new_worker().take(only=site)[0]
    assert again["token"] > row["token"] and again["record"] == {"kept": True}


@pytest.mark.parametrize("wanted", ["00000000-0000-0000-0000-00000000dead", "no-uuid", ""])
def test_one_row_that_is_not_there(worker, wanted):
    assert worker.take(only=wanted) == []


def test_jobs_are_forgotten_when_their_rows_are_done_or_gone(sandbox, worker, server, now_ms):
    later = now_ms() + 3_600_000
    sites = sandbox.add_sites(names("site", 60), server)
    rows = worker.take()
    for row in rows[1:]:
        worker.keep(row, next_attempt=later)
    sandbox.sql("delete from sites where id::text = any (%s)", sites[:40])  # the first one is held
    sandbox.sql("update sites set status_hosting = 'active' where id::text = any (%s)", sites[40:50])

    def jobs():
        worker.claim()
        return {row["site_id"] for row in sandbox.sql("select site_id from hosting_automator.jobs")}
    left = [len(jobs()) for _ in range(4)]
    assert left[-1] == 11 and left == sorted(left, reverse=True)
    assert jobs() == {rows[0]["id"], *sites[50:]}


def test_who_never_entered_is_told_so(new_worker):
    worker = new_worker()
    worker.leave()
    for call in (worker.claim, worker.renew, worker.record, worker.leave, lambda: worker.order("p", "r"),
                 lambda: worker.finish({"id": "00000000-0000-0000-0000-00000000dead", "token": 1, "domain": "",
                                        "server_id": None}, {"error_message": "x"})):
        with pytest.raises(Refused, match="must enter") as refused:
            call()
        assert (refused.value.status, refused.value.code) == (400, "HA001")
