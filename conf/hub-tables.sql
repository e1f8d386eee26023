-- What hosting-automatord reads and writes of the Management Hub's tables. Only for a project that lacks them: the Hub
-- makes its tables itself, and nothing here changes what is there. Run it in Supabase's SQL editor.

create table if not exists servers (
    id uuid primary key default gen_random_uuid()
);
alter table servers
    add column if not exists created_at      timestamptz not null default now(),
    add column if not exists name            text,
    add column if not exists ip_address      text,                  -- IPv4, IPv6 or a name
    add column if not exists ssh_port        integer default 22,
    add column if not exists ssh_user        text,                  -- root, or one that may "sudo -n /bin/sh"
    add column if not exists ssh_private_key text,                  -- without a passphrase
    add column if not exists is_active       boolean default true;  -- false: paused, its sites wait

create table if not exists sites (
    id uuid primary key default gen_random_uuid()
);
alter table sites
    add column if not exists created_at       timestamptz not null default now(),
    add column if not exists domain           text unique,
    add column if not exists server_id        uuid references servers (id),
    add column if not exists status_dns       text default 'pending',  -- 'active': the site may be made
    add column if not exists status_hosting   text default 'pending',  -- written: 'active', 'failed'
    add column if not exists hosting_doc_root text,                    -- written
    add column if not exists matomo_site_id   integer,                 -- written
    add column if not exists error_message    text;                    -- written

create table if not exists infrastructure_credentials (
    id uuid primary key default gen_random_uuid()
);
alter table infrastructure_credentials
    add column if not exists service   text unique,  -- 'matomo'
    add column if not exists url       text,
    add column if not exists api_token text,
    add column if not exists is_active boolean default true;

-- The rows hold private keys and tokens: without a policy only the service key sees them.
alter table servers enable row level security;
alter table sites enable row level security;
alter table infrastructure_credentials enable row level security;
