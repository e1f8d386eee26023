"""The one write into the Hub's row."""

import pytest
from queue_client import Refused

ACTIVE = {"status_hosting": "active", "hosting_doc_root": "/home/u/htdocs/example.com", "matomo_site_id": 7,
          "error_message": None}


@pytest.fixture
def row(sandbox, worker, server):
    sandbox.add_site("example.com", server, error_message="old", notes="the Hub's")
    return worker.take()[0]


def jobs(sandbox):
    return sandbox.sql("select site_id, worker, token from hosting_automator.jobs")


def test_an_outcome_is_written_and_the_job_is_gone(sandbox, worker, row):
    before = sandbox.site(row["id"])
    assert worker.finish(row, ACTIVE) == "written"
    assert sandbox.site(row["id"]) == {**before, **ACTIVE}
    assert jobs(sandbox) == [] and worker.renew() == {}
    assert worker.finish(row, ACTIVE) == "lease_lost"  # the caller reads the row back


def test_a_waiting_text_is_written_and_the_lease_kept(sandbox, worker, row):
    before = sandbox.site(row["id"])
    assert worker.finish(row, {"error_message": "WAITING"}, done=False) == "written"
    assert sandbox.site(row["id"]) == {**before, "error_message": "WAITING"}
    assert worker.renew() == {row["id"]: row["token"]}
    assert worker.finish(row, ACTIVE) == "written"


@pytest.mark.parametrize("change", ["domain = 'other.com'", "domain = null", "server_id = null",
                                    "status_hosting = 'failed'", "status_hosting = null", "id = gen_random_uuid()"])
def test_a_row_that_is_not_as_it_was_read_is_left_alone(sandbox, worker, row, change):
    sandbox.sql(f"update sites set {change}")
    before = sandbox.sql("select * from sites")
    assert worker.finish(row, ACTIVE) == "row_changed"
    assert sandbox.sql("select * from sites") == before
    assert worker.renew() == {row["id"]: row["token"]}


def test_a_row_that_is_gone_is_changed(sandbox, worker, row):
    sandbox.sql("delete from sites")
    assert worker.finish(row, ACTIVE) == "row_changed"


def test_what_was_not_read_is_no_condition_and_null_is_null(sandbox, worker, row):
    sandbox.sql("update sites set server_id = null, domain = null")
    assert worker.finish(row, ACTIVE, as_read={"domain": None, "server_id": row["server_id"]}) == "row_changed"
    assert worker.finish(row, ACTIVE, as_read={"domain": None, "server_id": None}, done=False) == "written"
    assert worker.finish(row, {"error_message": "x"}, as_read={}) == "written"


def test_only_the_columns_of_an_outcome_can_be_written(sandbox, worker, row):
    before = sandbox.site(row["id"])
    for change in ({"domain": "evil.com"}, {"status_hosting": "active", "notes": "x"}, {}):
        with pytest.raises(Refused, match="are written") as refused:
            worker.finish(row, change)
        assert refused.value.code == "HA003"
    assert sandbox.site(row["id"]) == before and len(jobs(sandbox)) == 1


def test_a_row_that_the_hub_refuses_changes_nothing(sandbox, worker, row):
    with pytest.raises(Refused) as refused:
        worker.finish(row, {"status_hosting": "no such state"})
    assert (refused.value.status, refused.value.code) == (400, "23514")
    assert jobs(sandbox) == [{"site_id": row["id"], "worker": worker.name, "token": row["token"]}]


def test_the_hubs_triggers_see_what_they_would_see_of_an_update(sandbox, worker, row):
    sandbox.sql("create table seen_by_trigger (who text, role text, columns text)")
    sandbox.sql("""
        create function remember() returns trigger language plpgsql as $$
        begin
            insert into public.seen_by_trigger
            values (current_user, current_setting('request.jwt.claims')::json->>'role', tg_argv[0]);
            new.notes := 'by trigger';
            return new;
        end $$""")
    try:
        for column in ("error_message", "status_hosting", "matomo_site_id"):
            sandbox.sql(f"create trigger remember_{column} before update of {column} on sites for each row "
                        f"execute function remember('{column}')")
        assert worker.finish(row, {"error_message": "WAITING"}, done=False) == "written"
        assert sandbox.sql("select * from seen_by_trigger") == [
            {"who": "service_role", "role": "service_role", "columns": "error_message"}]
        assert sandbox.site(row["id"])["notes"] == "by trigger"
    finally:
        sandbox.sql("drop function remember() cascade")
        sandbox.sql("drop table seen_by_trigger")


def test_a_failed_row_can_be_written_by_its_own_state(sandbox, worker, server):
    site = sandbox.add_site("again.com", server, status_hosting="failed")
    row = worker.take(only=site)[0]
    assert worker.finish(row, ACTIVE) == "row_changed"
    assert worker.finish(row, ACTIVE, as_read={"status_hosting": "failed"}) == "written"
