-- The oldest schema in use: no sites.server_id, servers.name, servers.is_active, and no created_at anywhere.
create table servers (
    id              uuid primary key default gen_random_uuid(),
    ip_address      text,
    ssh_port        integer default 22,
    ssh_user        text,
    ssh_private_key text
);

create table sites (
    id               uuid primary key default gen_random_uuid(),
    domain           text unique,
    status_dns       text default 'pending',
    status_hosting   text default 'pending' check (status_hosting in ('pending', 'active', 'failed')),
    hosting_doc_root text,
    matomo_site_id   integer,
    error_message    text
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
