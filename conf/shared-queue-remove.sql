-- Takes away all that shared-queue.sql made, and with it what the daemons know of attempts, certificate orders and
-- servers. The Hub's rows stay as they are. Stop the daemons before. Run it in Supabase's SQL editor or with psql.

begin;

do $remove$
declare
    called regprocedure;
begin
    for called in
        select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = 'public' and p.proname like 'hosting\_automator\_%'
    loop
        execute format('drop function %s', called);
    end loop;
end
$remove$;
drop schema if exists hosting_automator cascade;
drop index if exists public.hosting_automator_pending;

notify pgrst, 'reload schema';

commit;
