"""Every change of a site's row, kept by the database itself: a row that ends right may have been wrong in between."""

STATEMENTS = """
create schema if not exists history;
create table if not exists history.sites (number bigint generated always as identity, id uuid, before text, after text,
                                          error_message text);
create or replace function history.note() returns trigger language plpgsql security definer as $$
begin
    insert into history.sites (id, before, after, error_message)
        values (new.id, old.status_hosting, new.status_hosting, new.error_message);
    return new;
end $$;
create or replace trigger history after update on public.sites for each row execute function history.note();
"""


def keep(sandbox):
    sandbox.sql(STATEMENTS)


def of(sandbox, site_id):
    """(before, after) of every update of `status_hosting` of the row, in order; what left it alone is no change."""
    rows = sandbox.sql("select before, after from history.sites where id = %s order by number", site_id)
    return [(row["before"], row["after"]) for row in rows if row["before"] != row["after"]]


def writes(sandbox, site_id):
    """How often the row was written."""
    return sandbox.sql("select count(*) from history.sites where id = %s", site_id)[0]["count"]
