"""Databases of a test's own beside the sandbox's, in the same PostgreSQL, and what their catalogs say."""

import contextlib
import itertools
import os
import subprocess
from pathlib import Path

import psycopg2
import psycopg2.extras

CONF = Path(__file__).resolve().parents[2] / "conf"
SCHEMAS = Path(__file__).resolve().parents[1] / "sandbox" / "hosting_sandbox" / "schema"

# Roles are the cluster's; this is the rest of the sandbox's roles.sql.
GRANTS = """
grant usage on schema public to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
"""

CATALOG = """
select 'schema' as kind, nspname::text as name, nspacl::text as rights, nspowner::regrole::text as owner
    from pg_namespace where nspname !~ '^pg_(toast_)?temp'
union all select concat('relation ', relkind), concat(relnamespace::regnamespace, '.', relname), relacl::text,
    relowner::regrole::text from pg_class where relkind <> 't' and relname !~ '^pg_toast'
union all select 'function', oid::regprocedure::text, concat(proacl, proconfig), proowner::regrole::text from pg_proc
union all select 'type', concat(typnamespace::regnamespace, '.', typname), typacl::text, typowner::regrole::text
    from pg_type where typname !~ '^_?pg_toast'
union all select 'column', concat(attrelid::regclass, '.', attname), attacl::text, atttypid::regtype::text
    from pg_attribute where attrelid::regclass::text !~ '^pg_toast' and attnum > 0
union all select 'constraint', concat(conrelid::regclass, '.', conname), pg_get_constraintdef(oid), ''
    from pg_constraint
union all select 'trigger', concat(tgrelid::regclass, '.', tgname), pg_get_triggerdef(oid), '' from pg_trigger
union all select 'policy', concat(polrelid::regclass, '.', polname), polcmd::text, '' from pg_policy
union all select 'default', concat(defaclnamespace::regnamespace, defaclobjtype), defaclacl::text,
    defaclrole::regrole::text from pg_default_acl
union all select 'extension', extname::text, extversion, '' from pg_extension
union all select 'event trigger', evtname::text, evtevent::text, '' from pg_event_trigger
"""

_numbers = itertools.count(1)


def run_script(folder, database, script, role="postgres"):
    """Runs a file of conf/ as an operator does; what psql says where it fails, or None."""
    done = subprocess.run(["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "postgres",
                           "-f", CONF / script, database], capture_output=True, text=True,
                          env={**os.environ, "PGOPTIONS": f"-c role={role}"})
    return done.stderr if done.returncode else None


class Database:
    """Statements as one role or the superuser."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name
        self.connection = psycopg2.connect(host=str(folder), user="postgres", dbname=name)
        self.connection.autocommit = True

    def sql(self, text, *parameters, role=None):
        with self.connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(f"set role {role or 'none'}")
            cursor.execute(text, parameters or None)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    def call(self, function, **arguments):
        """As PostgREST does it for the service key."""
        named = ", ".join(f'"{name}" => %s' for name in arguments)
        values = [psycopg2.extras.Json(value) if isinstance(value, (dict, list)) else value
                  for value in arguments.values()]
        text = f"select hosting_automator_{function}({named}) as answer"
        return self.sql(text, *values, role="service_role")[0]["answer"]

    def install(self, role="postgres"):
        return run_script(self.folder, self.name, "shared-queue.sql", role)

    def remove(self, role="postgres"):
        return run_script(self.folder, self.name, "shared-queue-remove.sql", role)

    def catalog(self):
        return sorted(tuple(str(value) for value in row.values()) for row in self.sql(CATALOG))


@contextlib.contextmanager
def new_database(sandbox, tables):
    """One with the tables of this SQL; gone at the end."""
    name = f"hub{next(_numbers)}"
    sandbox.sql(f"create database {name}")
    database = Database(sandbox.postgres.folder, name)
    try:
        database.sql(GRANTS)
        database.sql(tables)
        yield database
    finally:
        database.connection.close()
        sandbox.sql(f"drop database {name} with (force)")


def schema(name):
    return (SCHEMAS / f"{name}.sql").read_text()
