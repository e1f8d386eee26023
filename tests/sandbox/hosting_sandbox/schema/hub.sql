-- The Management Hub's tables as the reference page on Supabase describes them.
create table servers (
    id              uuid primary key default gen_random_uuid(),
    created_at      timestamptz not null default now(),
    name            text,
    ip_address      text,
    ssh_port        integer default 22,
    ssh_user        text,
    ssh_private_key text,
    is_active       boolean default true
);

create table sites (
    id               uuid primary key default gen_random_uuid(),
    created_at       timestamptz not null default now(),
    domain           text unique,
    server_id        uuid references servers (id),
    status_dns       text default 'pending',
    status_hosting   text default 'pending' check (status_hosting in ('pending', 'active', 'failed')),
    hosting_doc_root text,
    matomo_site_id   integer,
    error_message    text,
    -- columns of the Hub's other modules, which the daemon must leave alone
    status_mail      text,
    notes            text
);

create table infrastructure_credentials (
    id        uuid primary key default gen_random_uuid(),
    service   text unique,
    url       text,
    username  text,
    password  text,
    api_token text,
    is_active boolean default true
);

alter table servers enable row level security;
alter table sites enable row level security;
alter table infrastructure_credentials enable row level security;
