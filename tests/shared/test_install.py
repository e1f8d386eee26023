"""The migration: what it needs, what it changes and grants, that it can be repeated and taken away."""

import pytest
from databases import new_database, schema
from hosting_sandbox.keys import jwt
from queue_client import VERSION, Client, Refused, Worker

ARGUMENTS = {
    "enter": {"worker": "w", "host": "h", "version": VERSION},
    "claim": {"worker": "w", "room": 1, "lease_ms": 1, "per_server": 1, "announce_after_ms": 1, "outage_limit_ms": 1},
    "renew": {"worker": "w", "lease_ms": 1},
    "record": {"worker": "w", "writes": []},
    "order": {"worker": "w", "id": 1, "place": "p", "registered": "r", "domain": "d", "record": {}, "seen": 0},
    "finish": {"worker": "w", "site_id": "s", "token": 1, "as_read": {}, "change": {"error_message": "x"},
               "done": True},
    "leave": {"worker": "w"},
    "work": {},
}


@pytest.fixture
def hub(shared_sandbox):
    with new_database(shared_sandbox, schema("hub")) as database:
        yield database


def test_every_function_is_named_here(shared_sandbox):
    named = {row["name"] for row in shared_sandbox.sql(
        "select proname::text as name from pg_proc where pronamespace = 'public'::regnamespace")}
    assert named == {f"hosting_automator_{name}" for name in ARGUMENTS}


@pytest.mark.parametrize("name", ARGUMENTS)
@pytest.mark.parametrize("role, refusal", [("anon", 401), ("authenticated", 403)])
def test_others_are_refused(sandbox, name, role, refusal):
    client = Client(sandbox, sandbox.anon_key, jwt(sandbox.keys.jwt_secret, role))
    status, body = client.post(f"hosting_automator_{name}", ARGUMENTS[name])
    assert (status, body["code"]) == (refusal, "42501")
    assert body["message"] == f"permission denied for function hosting_automator_{name}"


def test_nobody_but_the_owner_reaches_what_lies_behind(hub):
    assert hub.install() is None
    rights = hub.sql("""
        select r.rolname, c.relname from pg_class c, pg_roles r
        where c.relnamespace = 'hosting_automator'::regnamespace and c.relkind in ('r', 'v', 'S')
          and r.rolname in ('anon', 'authenticated', 'service_role', 'authenticator')
          and case when c.relkind = 'S' then has_sequence_privilege(r.oid, c.oid, 'usage, select, update')
                   else has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate') end""")
    assert rights == []
    may_call = hub.sql("""
        select r.rolname, p.proname::text as name from pg_proc p, pg_roles r
        where p.pronamespace = 'hosting_automator'::regnamespace and has_function_privilege(r.oid, p.oid, 'execute')
          and r.rolname in ('anon', 'authenticated', 'service_role', 'authenticator') order by 2""")
    assert [tuple(row.values()) for row in may_call] == [("service_role", "forget"), ("service_role", "holds")]
    usage = hub.sql("""
        select rolname from pg_roles where has_schema_privilege(oid, 'hosting_automator', 'usage, create')
          and rolname in ('anon', 'authenticated', 'service_role', 'authenticator')""")
    assert usage == [{"rolname": "service_role"}]


def test_every_function_has_a_fixed_search_path_and_only_finish_runs_as_its_caller(hub):
    assert hub.install() is None
    loose = hub.sql("""
        select p.proname::text as name from pg_proc p where p.proname ~ '^hosting_automator'
          and not coalesce('search_path=""' = any (p.proconfig), false)""")
    assert loose == []
    as_caller = hub.sql("select proname::text as name from pg_proc where proname ~ '^hosting_automator' "
                        "and not prosecdef")
    assert as_caller == [{"name": "hosting_automator_finish"}]


def test_a_second_run_changes_nothing(hub):
    hub.sql("insert into servers (name) values ('web')")
    hub.sql("insert into sites (domain, status_dns) values ('example.com', 'active')")
    assert hub.install() is None
    first = hub.call("enter", worker="w", host="h", version=VERSION)
    row = hub.call("claim", **ARGUMENTS["claim"])["rows"][0]
    before, known = hub.catalog(), hub.sql("select * from hosting_automator.jobs")
    assert hub.install() is None
    assert hub.catalog() == before
    assert hub.sql("select * from hosting_automator.jobs") == known and known[0]["token"] == row["token"]
    assert hub.call("enter", worker="v", host="h", version=VERSION)["queue"] == first["queue"]


def test_it_is_taken_away_without_a_trace_and_a_new_one_is_another_queue(hub):
    before = hub.catalog()
    assert hub.install() is None
    assert hub.catalog() != before
    first = hub.call("enter", worker="w", host="h", version=VERSION)
    for _ in range(2):  # the second time there is nothing left
        assert hub.remove() is None
        assert hub.catalog() == before
    assert hub.install() is None
    second = hub.call("enter", worker="w", host="h", version=VERSION)
    assert second["queue"] != first["queue"]


def test_the_hubs_tables_get_an_index_and_nothing_else(hub):
    before = set(hub.catalog())
    assert hub.install() is None
    after = set(hub.catalog())
    assert before <= after
    added = {name for kind, name, *_ in after - before if "hosting_automator." not in name and kind != "function"}
    assert {name for name in added if not name.startswith("hosting_automator_pending.")} == {
        "hosting_automator", "public.hosting_automator_pending"}


@pytest.mark.parametrize("missing", ["sites.server_id", "sites.created_at", "servers.is_active"])
def test_a_column_that_is_missing_is_named(hub, missing):
    table, column = missing.split(".")
    hub.sql(f"alter table {table} drop column {column}")
    before = hub.catalog()
    assert f"needs the column {missing}, which is not there (see hub-tables.sql)" in hub.install()
    assert hub.catalog() == before


def test_the_oldest_schema_is_refused_and_nothing_is_left(shared_sandbox):
    with new_database(shared_sandbox, schema("oldest")) as database:
        before = database.catalog()
        assert "needs the column sites.created_at" in database.install()
        assert database.catalog() == before


def test_a_newer_queue_is_not_touched(hub):
    assert hub.install() is None
    hub.sql("update hosting_automator.about set version = 99")
    before = hub.catalog()
    assert "the shared queue is of version 99, newer than this file" in hub.install()
    assert hub.catalog() == before


@pytest.mark.parametrize("version", [VERSION + 1, VERSION - 1, None])
def test_a_daemon_of_another_version_is_refused(sandbox, version):
    with pytest.raises(Refused, match="run the daemon's own shared-queue.sql") as refused:
        Worker(sandbox, version=version)
    assert (refused.value.status, refused.value.code) == (400, "HA002")
    assert sandbox.sql("select * from hosting_automator.workers") == []


def test_only_the_tables_owner_can_make_it(hub):
    hub.sql("create role stranger in role pg_read_all_data")
    try:
        hub.sql("grant create on database %s to stranger" % hub.name)
        assert "must be made by the owner of the tables sites and servers, not by stranger" in hub.install("stranger")
    finally:
        hub.sql("drop owned by stranger")
        hub.sql("drop role stranger")


def test_an_owner_who_is_no_superuser_can_make_it(hub):
    """As Supabase's role postgres."""
    hub.sql("create role hub_owner")
    try:
        hub.sql(f"alter database {hub.name} owner to hub_owner")
        for table in ("sites", "servers"):
            hub.sql(f"alter table {table} owner to hub_owner")
            hub.sql(f"insert into {table} default values")
        hub.sql("update sites set status_dns = 'active'")
        assert hub.install("hub_owner") is None
        hub.call("enter", worker="w", host="h", version=VERSION)
        row = hub.call("claim", **{**ARGUMENTS["claim"], "lease_ms": 600_000})["rows"][0]
        assert hub.call("finish", worker="w", site_id=row["id"], token=row["token"], as_read={"domain": None},
                        change={"status_hosting": "failed"}, done=True) == {"result": "written"}
        with pytest.raises(Exception, match="permission denied"):
            hub.sql("select hosting_automator_work()", role="anon")
        assert hub.remove("hub_owner") is None
    finally:
        hub.sql("reassign owned by hub_owner to postgres")
        hub.sql("drop owned by hub_owner")
        hub.sql("drop role hub_owner")


def test_ids_may_be_numbers(shared_sandbox):
    """A Hub whose tables count: ids cross as text."""
    tables = schema("hub").replace("server_id        uuid", "server_id        bigint").replace(
        "uuid primary key default gen_random_uuid()", "bigint generated by default as identity primary key")
    with new_database(shared_sandbox, tables) as hub:
        hub.sql("insert into servers (name) values ('web'), ('down')")
        hub.sql("insert into sites (domain, status_dns, server_id) values "
                "('a.com', 'active', 1), ('b.com', 'active', null), ('c.com', 'active', 2)")
        assert hub.install() is None
        assert hub.install() is None
        hub.call("enter", worker="w", host="h", version=VERSION)
        hub.call("record", worker="w", writes=[
            {"what": "incident", "place": "p", "server_ids": ["2"], "cause": "x", "record": {}, "since": 1 << 60,
             "next_probe": 1 << 60, "noted": 0}])
        claim = {**ARGUMENTS["claim"], "room": 9, "lease_ms": 600_000}
        rows = hub.call("claim", **claim)["rows"]
        assert [(row["id"], row["domain"], row["server_id"]) for row in rows] == [
            ("1", "a.com", "1"), ("2", "b.com", None)]
        assert hub.call("claim", **claim, only="3")["rows"][0]["id"] == "3"
        for nothing in ("", "x", "99", "99999999999999999999"):
            assert hub.call("claim", **claim, only=nothing)["rows"] == []
        finish = {"worker": "w", "site_id": "1", "token": rows[0]["token"], "done": True,
                  "as_read": {"domain": "a.com", "server_id": "1", "status_hosting": "pending"}}
        change = {"status_hosting": "active", "matomo_site_id": 7}
        assert hub.call("finish", **finish, change=change) == {"result": "written"}
        assert hub.sql("select status_hosting, matomo_site_id from sites where id = 1") == [
            {"status_hosting": "active", "matomo_site_id": 7}]
        assert hub.call("work", site="2")["site"]["worker"] == "w"
