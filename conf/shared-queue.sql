-- The queue that several daemons share (queue.mode = "shared"). Run it in Supabase's SQL editor or with psql, as the
-- owner of the Hub's tables; again, it changes nothing or upgrades what an older one made. shared-queue-remove.sql
-- takes all of it away. PostgreSQL 14 and newer.
--
-- Daemons claim pending sites. A claim is held until its daemon's lease ends on this database's clock, and has a token,
-- so that a daemon that was away for too long can do no harm. What is known of a site, a server and Let's Encrypt's
-- limits is here, too, for whoever has the site next. The Hub's tables get an index and nothing else.
--
-- Times are milliseconds since 1970. Whatever ends with "_ms" is a length.

begin;
set local client_min_messages = warning;

-- What must be there --------------------------------------------------------------------------------------------------

do $check$
declare
    wanted text[];
begin
    foreach wanted slice 1 in array array[
        ['sites', 'id'], ['sites', 'created_at'], ['sites', 'domain'], ['sites', 'server_id'], ['sites', 'status_dns'],
        ['sites', 'status_hosting'], ['servers', 'id'], ['servers', 'is_active']]
    loop
        if to_regclass('public.' || wanted[1]) is null then
            raise exception 'the shared queue needs the Hub''s table %, which is not there', wanted[1];
        end if;
        if not exists (select from pg_attribute a where a.attrelid = to_regclass('public.' || wanted[1])
                       and a.attname = wanted[2] and a.attnum > 0 and not a.attisdropped) then
            raise exception 'the shared queue needs the column %.%, which is not there (see hub-tables.sql)',
                wanted[1], wanted[2];
        end if;
    end loop;
    if to_regrole('service_role') is null or to_regrole('anon') is null or to_regrole('authenticated') is null then
        raise exception 'the shared queue needs Supabase''s roles anon, authenticated and service_role';
    end if;
    if row_security_active('public.sites') or row_security_active('public.servers') then
        raise exception 'the shared queue must be made by the owner of the tables sites and servers, not by %',
            current_user;
    end if;
end
$check$;

-- Tables --------------------------------------------------------------------------------------------------------------

create schema if not exists hosting_automator;
revoke all on schema hosting_automator from public, anon, authenticated, service_role;

do $tables$
declare
    newest constant int := 1;
    installed int := 0;
    site_key text;
    site_date text;
begin
    if to_regclass('hosting_automator.about') is not null then
        select a.version into strict installed from hosting_automator.about a;
    end if;
    if installed > newest then
        raise exception 'the shared queue is of version %, newer than this file (%): nothing was changed',
            installed, newest;
    end if;
    if installed < 1 then
        create table hosting_automator.about (
            one     boolean primary key default true check (one),
            queue   uuid not null default gen_random_uuid(),
            version int not null
        );
        insert into hosting_automator.about (version) values (1);
        create sequence hosting_automator.numbers;  -- of daemons' lives
        create sequence hosting_automator.tokens;
        create sequence hosting_automator.changes;  -- of orders and facts; drawn under lock_changes() alone
        create table hosting_automator.workers (
            worker      text primary key,
            host        text not null,
            number      bigint not null,
            started     bigint not null,
            seen        bigint not null,
            lease_until bigint,  -- null: holds nothing
            swept       text     -- the last job that this worker's sweep looked at
        );
        -- sites.id is a uuid in some projects, a number in others
        select format_type(a.atttypid, a.atttypmod) into strict site_key
            from pg_attribute a where a.attrelid = 'public.sites'::regclass and a.attname = 'id';
        select format_type(a.atttypid, a.atttypmod) into strict site_date
            from pg_attribute a where a.attrelid = 'public.sites'::regclass and a.attname = 'created_at';
        execute format($sql$
            create table hosting_automator.jobs (
                site_id       %s primary key,
                domain        text not null,              -- as the row had it; another one there: starts from zero
                server        text collate "C" not null,  -- the same of its server_id; empty: none
                record        jsonb,
                next_attempt  bigint,
                waiting_since bigint,
                announced     text,
                worker        text,                       -- who holds it
                token         bigint not null
            )$sql$, site_key);
        create index jobs_held on hosting_automator.jobs (worker) where worker is not null;
        -- Where many rows of a server are passed by, the next claims need not pass them, too.
        execute format($sql$
            create table hosting_automator.passed (
                server text collate "C" primary key,
                age    %s not null,  -- none before this row is to be given, until then
                id     %s not null,
                reason text,         -- of not giving rows, see turns()
                until  bigint not null
            )$sql$, site_date, site_key);
        create table hosting_automator.orders (
            id         bigint primary key,
            place      text not null,
            registered text not null,
            domain     text not null,
            at         bigint not null,
            outcome    text,
            not_before bigint,
            record     jsonb,
            changed    bigint not null
        );
        create index orders_changed on hosting_automator.orders (changed);
        create index orders_at on hosting_automator.orders (at);
        create table hosting_automator.servers (
            place   text primary key,
            facts   jsonb,
            changed bigint not null
        );
        create index servers_changed on hosting_automator.servers (changed);
        create table hosting_automator.incidents (
            place      text primary key,
            cause      text,
            record     jsonb,
            since      bigint not null,
            next_probe bigint not null,
            noted      bigint not null  -- by who saw it; what was seen earlier is no news
        );
        create table hosting_automator.incident_servers (
            server text collate "C",  -- as in jobs
            place  text references hosting_automator.incidents on delete cascade,
            primary key (server, place)
        );
        create index incident_servers_place on hosting_automator.incident_servers (place);
    end if;
    -- A later version: if installed < 2 then ... update hosting_automator.about set version = 2 where one; end if;
end
$tables$;

create index if not exists hosting_automator_pending
    on public.sites ((coalesce(server_id::text, '') collate "C"),
                     (case when isfinite(created_at) then created_at else 'infinity' end), id)
    where status_dns = 'active' and status_hosting = 'pending';

-- Parts of the functions below ----------------------------------------------------------------------------------------

create or replace function hosting_automator.now_ms() returns bigint language sql volatile as $$
    select floor(extract(epoch from clock_timestamp()) * 1000)::bigint
$$;

create or replace function hosting_automator.days_ms(days int) returns bigint language sql immutable as $$
    select days * 24 * 3600000::bigint
$$;

-- Null for a date that is none, such as infinity.
create or replace function hosting_automator.as_ms(at timestamptz) returns bigint language sql stable as $$
    select case when isfinite(at) then floor(extract(epoch from at) * 1000)::bigint end
$$;

-- The rows that are to be worked on, in the order of (age, id) by the index. Ready: nobody holds it, and it is due.
create or replace view hosting_automator.pending as
select s.id,
       coalesce(s.server_id::text, '') collate "C" as server,
       case when isfinite(s.created_at) then s.created_at else 'infinity' end as age,
       j.worker is null and (j.next_attempt is null or moved or j.next_attempt <= (
           select floor(extract(epoch from statement_timestamp()) * 1000)::bigint)) as ready,
       case when not moved then j.waiting_since end as waiting_since,
       case when not moved then j.announced end as announced
from public.sites s
left join hosting_automator.jobs j on j.site_id = s.id
cross join lateral (select j.domain <> coalesce(s.domain, '') or j.server <> coalesce(s.server_id::text, '')) m (moved)
where s.status_dns = 'active' and s.status_hosting = 'pending';

-- Of a row on a server that has an incident: it has waited for long enough to say so, or to fail.
create or replace function hosting_automator.speaks(cause text, since bigint, announced text, waiting_since bigint,
                                                    created_at timestamptz, announce_after_ms bigint,
                                                    outage_limit_ms bigint)
returns boolean language sql volatile as $$
    select hosting_automator.now_ms() - greatest(since, coalesce(waiting_since, hosting_automator.as_ms(created_at)))
               >= announce_after_ms and announced is distinct from cause
        or outage_limit_ms > 0
           and hosting_automator.now_ms()
                   - coalesce(waiting_since, greatest(since, hosting_automator.as_ms(created_at))) >= outage_limit_ms
$$;

create or replace function hosting_automator.lock_of(what text) returns bigint language sql immutable as $$
    select hashtextextended('hosting_automator.' || what, 0)
$$;

create or replace function hosting_automator.number_of(name text) returns bigint language plpgsql as $$
declare
    found_number bigint;
begin
    select w.number into found_number from hosting_automator.workers w where w.worker = name;
    if not found then
        raise exception 'the shared queue knows no worker %: it must enter (again)', quote_nullable(name)
            using errcode = 'HA001';
    end if;
    return found_number;
end
$$;

-- Whoever locks several jobs takes them in the order of their keys, so that no two wait for each other.
create or replace function hosting_automator.release_all(names text[]) returns void language plpgsql as $$
declare
    servers text[];
begin
    perform from hosting_automator.jobs j where j.worker = any (names) order by j.site_id for update;
    with released as (
        update hosting_automator.jobs j set worker = null where j.worker = any (names) returning j.server)
    select array_agg(r.server) into servers from released r;
    -- What was passed by while it was held is looked at again.
    if exists (select from hosting_automator.passed p where p.server = any (servers)) then
        perform pg_advisory_xact_lock(hosting_automator.lock_of('passed'));
        delete from hosting_automator.passed p where p.server = any (servers);
    end if;
end
$$;

-- A worker whose lease has ended has lost what it held, whether somebody took it or not.
create or replace function hosting_automator.extend(me text, lease_ms bigint) returns void language plpgsql as $$
begin
    update hosting_automator.workers w
        set lease_until = hosting_automator.now_ms() + lease_ms, seen = hosting_automator.now_ms()
        where w.worker = me and w.lease_until > hosting_automator.now_ms();
    if found then
        return;
    end if;
    update hosting_automator.workers w
        set lease_until = hosting_automator.now_ms() + lease_ms, seen = hosting_automator.now_ms() where w.worker = me;
    if not found then
        perform hosting_automator.number_of(me);
    end if;
    perform hosting_automator.release_all(array[me]);
end
$$;

create or replace function hosting_automator.release_ended() returns void language plpgsql as $$
declare
    ended text[];
begin
    -- One that renews just now is not waited for: it is alive.
    select array_agg(e.worker) into ended from (
        select w.worker from hosting_automator.workers w
        where w.lease_until <= hosting_automator.now_ms() for update skip locked) e;
    if ended is not null then
        perform hosting_automator.release_all(ended);
        update hosting_automator.workers w set lease_until = null where w.worker = any (ended);
    end if;
end
$$;

create or replace function hosting_automator.held_by(me text) returns jsonb language sql stable as $$
    select coalesce(jsonb_object_agg(j.site_id::text, j.token), '{}') from hosting_automator.jobs j where j.worker = me
$$;

-- Gives `me` a row that is locked. It may have been claimed, and its claim committed, after the statement that found
-- it began: so this one looks again. `early`: its next attempt need not be due. Null: its job is locked by somebody who
-- may wait for the row (finish does), and so is not waited for.
create or replace function hosting_automator.give(me text, locked public.sites, early boolean) returns boolean
language plpgsql as $$
begin
    perform from hosting_automator.jobs j where j.site_id = locked.id for update skip locked;
    if not found and exists (select from hosting_automator.jobs j where j.site_id = locked.id) then
        return null;
    end if;
    insert into hosting_automator.jobs as j (site_id, domain, server, worker, token)
    values (locked.id, coalesce(locked.domain, ''), coalesce(locked.server_id::text, ''), me,
            nextval('hosting_automator.tokens'))
    on conflict (site_id) do update set
        worker = me,
        token = excluded.token,
        domain = excluded.domain,
        server = excluded.server,
        record        = case when (j.domain, j.server) = (excluded.domain, excluded.server) then j.record end,
        next_attempt  = case when (j.domain, j.server) = (excluded.domain, excluded.server) then j.next_attempt end,
        waiting_since = case when (j.domain, j.server) = (excluded.domain, excluded.server) then j.waiting_since end,
        announced     = case when (j.domain, j.server) = (excluded.domain, excluded.server) then j.announced end
    where j.worker is null
      and (early or j.next_attempt is null or j.next_attempt <= hosting_automator.now_ms()
           or (j.domain, j.server) <> (excluded.domain, excluded.server));
    return found;
end
$$;

-- Gives `me` the oldest rows of a server that nobody has locked, from one on, `most` at most. With `since`, that of an
-- incident, only those that have something to say of it.
create or replace function hosting_automator.take(me text, from_server text, from_age public.sites.created_at%type,
                                                  from_id public.sites.id%type, most bigint, cause text, since bigint,
                                                  announce_after_ms bigint, outage_limit_ms bigint)
returns text[] language plpgsql as $$
declare
    locked public.sites;
    given boolean;
    taken text[] := '{}';
    too_late boolean := true;
begin
    while too_late loop
        too_late := false;
        for locked in
            select s.* from hosting_automator.pending v join public.sites s on s.id = v.id
            where v.server = from_server and (v.age, v.id) >= (from_age, from_id) and v.ready
              and (since is null or hosting_automator.speaks(cause, since, v.announced, v.waiting_since, v.age,
                                                             announce_after_ms, outage_limit_ms))
            order by v.age, v.id
            limit most - cardinality(taken) for no key update of s skip locked
        loop
            given := hosting_automator.give(me, locked, false);
            if given then
                taken := taken || locked.id::text;
            elsif not given then
                too_late := true;  -- the next statement no longer finds it, and finds others
            end if;
        end loop;
    end loop;
    return taken;
end
$$;

-- One row of each server whose next probe is due, and no other probe before this lease could end.
create or replace function hosting_automator.take_probes(me text, room int, lease_ms bigint) returns text[]
language plpgsql as $$
declare
    paused constant text[] := array(select x.id::text from public.servers x where not x.is_active);
    due record;
    name text;
    probe text[];
    taken text[] := '{}';
begin
    if room <= 0 then
        return taken;
    end if;
    for due in
        select i.place from hosting_automator.incidents i where i.next_probe <= hosting_automator.now_ms()
        order by i.next_probe for update skip locked
    loop
        exit when cardinality(taken) >= room;
        for name in select x.server from hosting_automator.incident_servers x
            where x.place = due.place and x.server <> all (paused) order by x.server
        loop
            probe := hosting_automator.take(me, name, '-infinity', null, 1, null, null, null, null);
            if cardinality(probe) > 0 then
                update hosting_automator.incidents i set next_probe = hosting_automator.now_ms() + lease_ms
                    where i.place = due.place;
                taken := taken || probe;
                exit;
            end if;
        end loop;
    end loop;
    return taken;
end
$$;

-- The servers that have rows, and of each the first row that `me` might be given, or where there is none (`has` is
-- false) its last one. Before it are `before` rows, but those that were passed by not long ago for the same reason.
create or replace function hosting_automator.turns(me text, per_server int, announce_after_ms bigint,
                                                   outage_limit_ms bigint)
returns table (server text, held bigint, cause text, since bigint, reason text, has boolean,
               age public.sites.created_at%type, id public.sites.id%type, before bigint)
language plpgsql as $$
declare
    paused constant text[] := array(select x.id::text from public.servers x where not x.is_active);
begin
    return query
    with recursive named (name) as (
        (select coalesce(s.server_id::text, '') collate "C" from public.sites s
            where s.status_dns = 'active' and s.status_hosting = 'pending'
            order by coalesce(s.server_id::text, '') collate "C" limit 1)
        union all
        select (select coalesce(s.server_id::text, '') collate "C" from public.sites s
                where s.status_dns = 'active' and s.status_hosting = 'pending'
                  and coalesce(s.server_id::text, '') collate "C" > n.name
                order by coalesce(s.server_id::text, '') collate "C" limit 1)
            from named n where n.name is not null),
    mine (name, held) as materialized (
        select j.server, count(*) from hosting_automator.jobs j where j.worker = me group by j.server)
    select n.name, coalesce(m.held, 0), i.cause, i.since, i.reason, h.has, h.age, h.id, h.number - 1
    from named n
    left join mine m on m.name = n.name
    left join lateral (
        select y.cause, y.since, concat_ws(' ', y.place, y.cause) as reason from hosting_automator.incident_servers x
        join hosting_automator.incidents y on y.place = x.place where x.server = n.name
        order by y.since limit 1) i on true
    left join hosting_automator.passed p
        on p.server = n.name and p.until > hosting_automator.now_ms() and p.reason is not distinct from i.reason
    cross join lateral (
        select q.* from (
            select v.age, v.id, row_number() over oldest_first as number,
                   lead(v.id) over oldest_first is null as is_last,
                   v.ready and (i.since is null
                       or hosting_automator.speaks(i.cause, i.since, v.announced, v.waiting_since, v.age,
                                                   announce_after_ms, outage_limit_ms)) as has
            from hosting_automator.pending v
            where v.server = n.name and (v.age, v.id) >= (coalesce(p.age, '-infinity'), p.id)
            window oldest_first as (order by v.age, v.id)) q
        where q.has or q.is_last limit 1) h
    where n.name is not null and n.name <> all (paused) and (per_server is null or coalesce(m.held, 0) < per_server);
end
$$;

-- Rows for `me`, `room` at most: the servers take turns, those first of which it holds the fewest.
create or replace function hosting_automator.take_turns(me text, room int, per_server int, announce_after_ms bigint,
                                                        outage_limit_ms bigint)
returns text[] language plpgsql as $$
declare
    many constant int := 500;
    for_a_while constant int := 10000;
    turn record;
    fair bigint;
    given text[];
    taken text[] := '{}';
    before int;
    again boolean := true;
begin
    while again and cardinality(taken) < room loop
        before := cardinality(taken);
        again := false;
        for turn in
            select t.*, count(*) filter (where t.has) over () as servers
            from hosting_automator.turns(me, per_server, announce_after_ms, outage_limit_ms) t
            order by t.held, t.age, t.id, t.server
        loop
            if turn.before >= many and pg_try_advisory_xact_lock(hosting_automator.lock_of('passed')) then
                insert into hosting_automator.passed as p (server, age, id, reason, until)
                values (turn.server, turn.age, turn.id, turn.reason, hosting_automator.now_ms() + for_a_while)
                on conflict on constraint passed_pkey do update set age = excluded.age, id = excluded.id,
                    reason = excluded.reason, until = excluded.until;
            end if;
            continue when not turn.has or cardinality(taken) >= room;
            fair := least(per_server - turn.held, greatest((room - before) / turn.servers, 1));
            given := hosting_automator.take(me, turn.server, turn.age, turn.id, fair, turn.cause, turn.since,
                                            announce_after_ms, outage_limit_ms);
            taken := taken || given;
            again := again or cardinality(given) = fair;
        end loop;
    end loop;
    return taken;
end
$$;

-- With more room, or more of one server's, `me` would be given more.
create or replace function hosting_automator.leaves_rows(me text, room int, per_server int, announce_after_ms bigint,
                                                         outage_limit_ms bigint)
returns boolean language plpgsql as $$
begin
    if room > 0 and not exists (select from hosting_automator.jobs j where j.worker = me group by j.server
                                having count(*) >= per_server) then
        return false;
    end if;
    return exists (select from hosting_automator.turns(me, null, announce_after_ms, outage_limit_ms) t where t.has);
end
$$;

-- That row, whatever its state, unless another holds it.
create or replace function hosting_automator.take_only(me text, wanted text) returns text[] language plpgsql as $$
declare
    wanted_id public.sites.id%type;
    locked public.sites;
begin
    begin
        wanted_id := wanted;
    exception when data_exception then
        return '{}';  -- not of an id's form
    end;
    select s.* into locked from public.sites s where s.id = wanted_id for no key update;
    if found and hosting_automator.give(me, locked, true) then
        return array[wanted];
    end if;
    return '{}';
end
$$;

-- Forgets a few old orders, and of a few jobs, further on each time, those that nobody holds and whose row is no longer
-- to be done.
create or replace function hosting_automator.sweep(me text) returns void language plpgsql as $$
declare
    a_few constant int := 20;
    after_id public.sites.id%type;
    looked_at record;
    last_id text;
begin
    delete from hosting_automator.orders o using (
        select a.id from hosting_automator.orders a
        where a.at < hosting_automator.now_ms() - hosting_automator.days_ms(8)
        order by a.at limit a_few for update skip locked) gone where o.id = gone.id;
    select w.swept into after_id from hosting_automator.workers w where w.worker = me;
    for looked_at in
        select j.site_id, coalesce((select s.status_dns = 'active' and s.status_hosting = 'pending'
                                    from public.sites s where s.id = j.site_id), false) as waits
        from hosting_automator.jobs j where after_id is null or j.site_id > after_id
        order by j.site_id limit a_few
    loop
        last_id := looked_at.site_id::text;
        if not looked_at.waits then
            delete from hosting_automator.jobs j using (
                select k.site_id from hosting_automator.jobs k where k.site_id = looked_at.site_id
                and k.worker is null for update skip locked) gone where j.site_id = gone.site_id;
        end if;
    end loop;
    update hosting_automator.workers w set swept = last_id where w.worker = me and w.swept is distinct from last_id;
end
$$;

-- Whoever draws a number of `changes` holds this until it commits, so that no lower number appears after a higher one.
create or replace function hosting_automator.lock_changes() returns void language sql as $$
    select pg_advisory_xact_lock(hosting_automator.lock_of('changes'))
$$;

create or replace function hosting_automator.order_told(o hosting_automator.orders) returns jsonb language sql stable as $$
    select jsonb_build_object('id', o.id, 'place', o.place, 'registered', o.registered, 'domain', o.domain, 'at', o.at,
                              'outcome', o.outcome, 'not_before', o.not_before, 'record', o.record)
$$;

-- What was changed since `seen`, but for this life's own orders, and what has been seen then.
create or replace function hosting_automator.news(life bigint, seen bigint) returns jsonb language plpgsql as $$
declare
    most constant int := 5000;
    upto bigint;
    orders jsonb;
    last_change bigint;
    how_many int;
begin
    -- First of all: only what is committed by now is seen for certain. What comes later is told the next time, too.
    select greatest(seen, (select max(o.changed) from hosting_automator.orders o),
                    (select max(f.changed) from hosting_automator.servers f)) into upto;
    select coalesce(jsonb_agg(n.told order by n.changed), '[]'), count(*), max(n.changed)
        into orders, how_many, last_change
        from (select o.changed, hosting_automator.order_told(o) as told from hosting_automator.orders o
              where o.changed > seen and o.changed <= upto and o.id >> 32 <> life
              order by o.changed limit most) n;
    return jsonb_build_object(
        'orders', orders, 'more', how_many = most, 'seen', case when how_many = most then last_change else upto end,
        'servers', (
            select coalesce(jsonb_agg(jsonb_build_object('place', f.place, 'facts', f.facts) order by f.changed), '[]')
            from hosting_automator.servers f where f.changed > seen));
end
$$;

create or replace function hosting_automator.all_incidents() returns jsonb language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('place', i.place, 'record', i.record, 'since', i.since,
                                                 'next_probe', i.next_probe) order by i.since, i.place), '[]')
    from hosting_automator.incidents i
$$;

create or replace function hosting_automator.claimed(me text, taken text[], probes text[]) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', s.id::text, 'domain', s.domain, 'server_id', s.server_id::text,
        'created_at', hosting_automator.as_ms(s.created_at),
        'token', j.token, 'record', j.record, 'next_attempt', j.next_attempt,
        'waiting_since', coalesce(j.waiting_since, case when i.since is not null and s.id::text <> all (probes) then
            greatest(i.since, hosting_automator.as_ms(s.created_at)) end),
        'probe', s.id::text = any (probes)) order by s.created_at, s.id), '[]')
    from hosting_automator.jobs j
    join public.sites s on s.id = j.site_id
    left join lateral (
        select y.since from hosting_automator.incident_servers x
        join hosting_automator.incidents y on y.place = x.place where x.server = j.server
        order by y.since limit 1) i on true
    where j.worker = me and j.site_id::text = any (taken)
$$;

create or replace function hosting_automator.keep_incident(what jsonb) returns void language plpgsql as $$
declare
    new_place constant text := what->>'place';
    names constant text[] := array(select jsonb_array_elements_text(what->'server_ids'));
begin
    insert into hosting_automator.incidents as i (place, cause, record, since, next_probe, noted)
    values (new_place, what->>'cause', what->'record', (what->>'since')::bigint, (what->>'next_probe')::bigint,
            least((what->>'noted')::bigint, hosting_automator.now_ms()))
    on conflict (place) do update set cause = excluded.cause, record = excluded.record,
        since = least(i.since, excluded.since), next_probe = excluded.next_probe, noted = excluded.noted
    where i.noted <= excluded.noted;
    if not found then
        return;
    end if;
    delete from hosting_automator.incident_servers x where x.place = new_place and x.server <> all (names);
    insert into hosting_automator.incident_servers (server, place) select n, new_place from unnest(names) n
    on conflict do nothing;
end
$$;

-- What carries a token: false if that is no longer the job's.
create or replace function hosting_automator.keep_site(me text, what jsonb) returns boolean language plpgsql as $$
declare
    wanted public.sites.id%type := what->>'site_id';
    wanted_token constant bigint := (what->>'token')::bigint;
begin
    if what->>'what' = 'forget' then
        delete from hosting_automator.jobs j where j.site_id = wanted and j.worker = me and j.token = wanted_token;
    elsif what->>'what' = 'release' then
        update hosting_automator.jobs j set worker = null
            where j.site_id = wanted and j.worker = me and j.token = wanted_token;
    else
        update hosting_automator.jobs j
            set domain = coalesce(what->>'domain', ''), server = coalesce(what->>'server_id', ''),
                record = nullif(what->'record', 'null'), next_attempt = (what->>'next_attempt')::bigint,
                waiting_since = (what->>'waiting_since')::bigint, announced = what->>'announced',
                worker = case when what->>'what' = 'keep' then me end
            where j.site_id = wanted and j.worker = me and j.token = wanted_token;
    end if;
    return found;
end
$$;

create or replace function hosting_automator.end_order(what jsonb) returns void language sql as $$
    update hosting_automator.orders o
        set outcome = what->>'outcome', not_before = (what->>'not_before')::bigint,
            record = nullif(what->'record', 'null'), changed = nextval('hosting_automator.changes')
        where o.id = (what->>'id')::bigint
$$;

create or replace function hosting_automator.keep_facts(what jsonb) returns void language sql as $$
    insert into hosting_automator.servers as f (place, facts, changed)
    values (what->>'place', what->'facts', nextval('hosting_automator.changes'))
    on conflict (place) do update set facts = excluded.facts, changed = excluded.changed
        where f.facts is distinct from excluded.facts
$$;

-- For finish, which runs with its caller's rights so that the row is written as service_role writes it.
create or replace function hosting_automator.holds(me text, wanted text, its_token bigint) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
    wanted_id public.sites.id%type := wanted;
begin
    perform hosting_automator.number_of(me);
    perform from hosting_automator.jobs j where j.site_id = wanted_id and j.worker = me and j.token = its_token
        for update;
    return found;
end
$$;

create or replace function hosting_automator.forget(me text, wanted text, its_token bigint) returns void
language plpgsql security definer set search_path = '' as $$
declare
    wanted_id public.sites.id%type := wanted;
begin
    delete from hosting_automator.jobs j where j.site_id = wanted_id and j.worker = me and j.token = its_token;
end
$$;

-- What daemons call (POST /rest/v1/rpc/...) ---------------------------------------------------------------------------

-- Begins a worker's life; one of the same name that came before loses what it held.
create or replace function public.hosting_automator_enter(worker text, host text, version int) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    me constant text := worker;
    here hosting_automator.about;
    now_ms constant bigint := hosting_automator.now_ms();
    life bigint;
begin
    select a.* into strict here from hosting_automator.about a;
    if hosting_automator_enter.version is distinct from here.version then
        raise exception 'the shared queue is of version %, and not %: run the daemon''s own shared-queue.sql',
            here.version, coalesce(hosting_automator_enter.version::text, 'null') using errcode = 'HA002';
    end if;
    if coalesce(me, '') = '' then
        raise exception 'a worker needs a name' using errcode = 'HA003';
    end if;
    insert into hosting_automator.workers as w (worker, host, number, started, seen)
    values (me, coalesce(host, ''), nextval('hosting_automator.numbers'), now_ms, now_ms)
    on conflict on constraint workers_pkey do update set host = excluded.host, number = excluded.number,
        started = excluded.started, seen = excluded.seen, lease_until = null, swept = null
    returning w.number into life;
    perform hosting_automator.release_all(array[me]);

    perform hosting_automator.lock_changes();  -- record locks orders and incidents in any order
    delete from hosting_automator.orders o where o.at < now_ms - hosting_automator.days_ms(8);
    delete from hosting_automator.incidents i where i.next_probe < now_ms - hosting_automator.days_ms(8);
    delete from hosting_automator.workers w using (
        select u.worker from hosting_automator.workers u
        where u.seen < now_ms - hosting_automator.days_ms(1) and coalesce(u.lease_until, 0) <= now_ms
          and not exists (select from hosting_automator.jobs j where j.worker = u.worker)
        for update skip locked) gone where w.worker = gone.worker;
    return jsonb_build_object('queue', here.queue, 'version', here.version, 'now', hosting_automator.now_ms(),
                              'number', life);
end
$$;

-- Renews what the worker holds and gives it up to `room` more rows.
create or replace function public.hosting_automator_claim(worker text, room int, lease_ms bigint, per_server int,
                                                          announce_after_ms bigint, outage_limit_ms bigint,
                                                          "only" text default null, seen bigint default 0)
returns jsonb language plpgsql security definer set search_path = '' as $$
declare
    me constant text := worker;
    probes text[] := '{}';
    taken text[] := '{}';
    is_full boolean := false;
begin
    perform hosting_automator.extend(me, lease_ms);
    perform hosting_automator.release_ended();
    if "only" is not null then
        taken := hosting_automator.take_only(me, "only");
    else
        probes := hosting_automator.take_probes(me, room, lease_ms);
        taken := hosting_automator.take_turns(me, room - cardinality(probes), per_server, announce_after_ms,
                                              outage_limit_ms);
        is_full := hosting_automator.leaves_rows(me, room - cardinality(probes) - cardinality(taken), per_server,
                                                 announce_after_ms, outage_limit_ms);
    end if;
    perform hosting_automator.sweep(me);  -- last: what it locks keeps nobody waiting for long
    return hosting_automator.news(hosting_automator.number_of(me), seen) || jsonb_build_object(
        'rows', hosting_automator.claimed(me, probes || taken, probes), 'held', hosting_automator.held_by(me),
        'full', is_full, 'incidents', hosting_automator.all_incidents(),
        'now', hosting_automator.now_ms());
end
$$;

create or replace function public.hosting_automator_renew(worker text, lease_ms bigint) returns jsonb
language plpgsql security definer set search_path = '' as $$
begin
    perform hosting_automator.extend(worker, lease_ms);
    return jsonb_build_object('held', hosting_automator.held_by(worker), 'now', hosting_automator.now_ms());
end
$$;

-- Keeps what is learned, in the order of the writes.
create or replace function public.hosting_automator_record(worker text, writes jsonb) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    me constant text := worker;
    a jsonb;
    ignored jsonb := '[]';
begin
    perform hosting_automator.number_of(me);
    if exists (select from jsonb_array_elements(writes) w (entry)
               where w.entry->>'what' in ('order_end', 'server', 'incident', 'incident_over')) then
        perform hosting_automator.lock_changes();
    end if;
    perform from hosting_automator.jobs j where j.worker = me and j.site_id::text in (
        select w.entry->>'site_id' from jsonb_array_elements(writes) w (entry)) order by j.site_id for update;
    for a in select w.entry from jsonb_array_elements(writes) with ordinality w (entry, number) order by w.number loop
        case a->>'what'
        when 'site', 'keep', 'release', 'forget' then
            if not hosting_automator.keep_site(me, a) then
                ignored := ignored || jsonb_build_array(a->>'site_id');
            end if;
        when 'order_end' then perform hosting_automator.end_order(a);
        when 'server' then perform hosting_automator.keep_facts(a);
        when 'incident' then perform hosting_automator.keep_incident(a);
        when 'incident_over' then
            delete from hosting_automator.incidents i
            where i.place = a->>'place' and i.noted <= (a->>'noted')::bigint;
        else
            raise exception 'the shared queue cannot record %', quote_nullable(a->>'what') using errcode = 'HA003';
        end case;
    end loop;
    return jsonb_build_object('ignored', ignored, 'now', hosting_automator.now_ms());
end
$$;

-- An order for a certificate, before it is sent: kept only if the worker knows of all that count towards its limits.
create or replace function public.hosting_automator_order(worker text, id bigint, place text, registered text,
                                                          domain text, record jsonb, seen bigint)
returns jsonb language plpgsql security definer set search_path = '' as $$
declare
    new_id constant bigint := id;
    new_place constant text := place;
    new_registered constant text := registered;
    life constant bigint := hosting_automator.number_of(worker);
    known hosting_automator.orders;
    kept_at bigint;
begin
    perform hosting_automator.lock_changes();
    select o.* into known from hosting_automator.orders o where o.id = new_id;
    if found then
        if (known.place, known.registered) is distinct from (new_place, new_registered) then
            raise exception 'the id % is that of another order', new_id using errcode = 'HA003';
        end if;
        kept_at := known.at;
    else
        if exists (select from hosting_automator.orders o
                   where o.changed > hosting_automator_order.seen and o.id >> 32 <> life
                     and (o.place = new_place or o.registered = new_registered)) then
            return hosting_automator.news(life, seen)
                || jsonb_build_object('kept', false, 'now', hosting_automator.now_ms());
        end if;
        kept_at := hosting_automator.now_ms();
        insert into hosting_automator.orders
        values (new_id, new_place, new_registered, domain, kept_at, null, null, nullif(record, 'null'),
                nextval('hosting_automator.changes'));
    end if;
    return jsonb_build_object('kept', true, 'at', kept_at, 'now', hosting_automator.now_ms());
end
$$;

-- Writes a site's row if the lease and the row are as they were. Runs with its caller's rights: the Hub's triggers and
-- policies see the role that they would see without a shared queue.
create or replace function public.hosting_automator_finish(worker text, site_id text, token bigint, as_read jsonb,
                                                           change jsonb, done boolean)
returns jsonb language plpgsql set search_path = '' as $$
declare
    may_write constant text[] := array['status_hosting', 'hosting_doc_root', 'matomo_site_id', 'error_message'];
    condition constant text[] := array['domain', 'server_id', 'status_hosting'];
    values_set text;
    conditions text;
    written int;
begin
    if exists (select from jsonb_object_keys(change) k where k <> all (may_write)) or change = '{}' then
        raise exception 'of a site''s row only % are written', array_to_string(may_write, ', ') using errcode = 'HA003';
    end if;
    if not hosting_automator.holds(worker, site_id, token) then
        return jsonb_build_object('result', 'lease_lost');
    end if;
    select string_agg(format('%1$I = new_values.%1$I', k), ', ') into values_set from jsonb_object_keys(change) k;
    select string_agg(format(' and s.%1$I is not distinct from as_read.%1$I', k), '') into conditions
        from unnest(condition) k where as_read ? k;
    execute format('update public.sites s set %s from jsonb_populate_record(null::public.sites, $1) new_values, '
                   'jsonb_populate_record(null::public.sites, $2) as_read where s.id = as_read.id%s',
                   values_set, conditions)
        using change, as_read || jsonb_build_object('id', site_id);
    get diagnostics written = row_count;
    if written = 0 then
        return jsonb_build_object('result', 'row_changed');
    end if;
    if done then
        perform hosting_automator.forget(worker, site_id, token);
    end if;
    return jsonb_build_object('result', 'written');
end
$$;

-- Gives everything back and ends the worker's life.
create or replace function public.hosting_automator_leave(worker text) returns jsonb
language plpgsql security definer set search_path = '' as $$
declare
    me constant text := worker;
begin
    perform hosting_automator.number_of(me);
    perform from hosting_automator.workers w where w.worker = me for update;
    perform hosting_automator.release_all(array[me]);
    delete from hosting_automator.workers w where w.worker = me;
    return jsonb_build_object('now', hosting_automator.now_ms());
end
$$;

-- What may keep a site from being done: what is known of its server, and the orders that count towards its limits.
create or replace function hosting_automator.known_of(at_place text, domain text) returns jsonb language sql stable as $$
    select jsonb_build_object(
        'incidents', coalesce((select jsonb_agg(i.one) from jsonb_array_elements(hosting_automator.all_incidents()) i (one)
                               where i.one->>'place' = at_place), '[]'),
        'servers', coalesce((select jsonb_agg(jsonb_build_object('place', f.place, 'facts', f.facts))
                             from hosting_automator.servers f where f.place = at_place), '[]'),
        'orders', coalesce((select jsonb_agg(hosting_automator.order_told(o) order by o.at)
                            from hosting_automator.orders o where o.registered = domain
                            or o.place = at_place and o.at > hosting_automator.now_ms() - hosting_automator.days_ms(1)),
                           '[]'))
$$;

-- Who works on what, for people and for a daemon that wants the queue for itself; and, where a site's server and
-- registered domain are named, what is known of them.
create or replace function public.hosting_automator_work(site text default null, place text default null,
                                                         registered text default null) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
    now_ms constant bigint := hosting_automator.now_ms();
    here hosting_automator.about;
    workers jsonb;
    leases jsonb;
    job jsonb;
begin
    select a.* into strict here from hosting_automator.about a;
    select coalesce(jsonb_agg(jsonb_build_object(
               'worker', w.worker, 'host', w.host, 'started', w.started, 'seen', w.seen,
               'held', case when w.lease_until > now_ms then
                   (select count(*) from hosting_automator.jobs j where j.worker = w.worker) else 0 end)
               order by w.started, w.worker), '[]')
        into workers from hosting_automator.workers w;
    select coalesce(jsonb_agg(jsonb_build_object('site_id', j.site_id::text, 'domain', j.domain, 'worker', w.worker,
                                                 'host', w.host, 'ends', w.lease_until) order by j.site_id), '[]')
        into leases from hosting_automator.jobs j join hosting_automator.workers w on w.worker = j.worker
        where w.lease_until > now_ms;
    select jsonb_build_object('site_id', j.site_id::text, 'domain', j.domain, 'server_id', nullif(j.server, ''),
                              'record', j.record, 'next_attempt', j.next_attempt, 'waiting_since', j.waiting_since,
                              'announced', j.announced, 'worker', w.worker, 'token', j.token)
        into job from hosting_automator.jobs j
        left join hosting_automator.workers w on w.worker = j.worker and w.lease_until > now_ms
        where j.site_id::text = site;
    return jsonb_build_object('queue', here.queue, 'version', here.version, 'now', now_ms, 'workers', workers,
                              'leases', leases, 'site', job)
        || hosting_automator.known_of(place, registered);
end
$$;

-- Rights --------------------------------------------------------------------------------------------------------------

-- Supabase gives every new function to anon, too. The settings: a statement that is planned while its tables are small
-- must serve when they are large, and the planner's dear last resort is no reason to compile.
do $rights$
declare
    called regprocedure;
    offered boolean;
    setting text;
begin
    for called, offered in
        select p.oid, n.nspname = 'public' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'hosting_automator' or n.nspname = 'public' and p.proname like 'hosting\_automator\_%'
    loop
        execute format('revoke all on function %s from public, anon, authenticated, service_role', called);
        continue when not offered;
        execute format('grant execute on function %s to service_role', called);
        foreach setting in array array[
            'enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'jit']
        loop
            execute format('alter function %s set %I = off', called, setting);
        end loop;
    end loop;
end
$rights$;
revoke all on all tables in schema hosting_automator from public, anon, authenticated, service_role;
revoke all on all sequences in schema hosting_automator from public, anon, authenticated, service_role;
grant usage on schema hosting_automator to service_role;  -- for finish, and no more than this:
grant execute on function hosting_automator.holds(text, text, bigint), hosting_automator.forget(text, text, bigint)
    to service_role;

notify pgrst, 'reload schema';

commit;
