#include "adapters/store/schema.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace hosting::store {
namespace {

// People look at this with sqlite3. ..._ms: milliseconds since 1970,
// datetime(next_attempt_ms / 1000, 'unixepoch').
constexpr const char* version_1 = R"(
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE sites (                         -- that are not done
    site_id                TEXT PRIMARY KEY,
    domain                 TEXT NOT NULL,    -- as the row had it, as server_id
    server_id              TEXT NOT NULL,    -- '': none
    next_attempt_ms        INTEGER NOT NULL,
    site_attempts          INTEGER NOT NULL, -- failed ones that count
    certificate_attempts   INTEGER NOT NULL,
    analytics_attempts     INTEGER NOT NULL,
    report_attempts        INTEGER NOT NULL,
    snoozes                INTEGER NOT NULL,
    reply_lost             TEXT,             -- the stage whose last act was not answered
    uncertain_orders       INTEGER NOT NULL,
    waiting_since_ms       INTEGER,
    failed_since_ms        INTEGER,
    first_refusal_ms       INTEGER,
    analytics_since_ms     INTEGER,
    document_root          TEXT,
    outcome                TEXT,             -- decided, but not yet written to the row
    outcome_document_root  TEXT,
    outcome_matomo_site_id INTEGER,
    outcome_error_message  TEXT,
    as_read_id             TEXT,             -- the row that it was decided on
    as_read_domain         TEXT,
    as_read_server_id      TEXT,
    as_read_has_server_column INTEGER NOT NULL,
    as_read_status_dns     TEXT,
    as_read_status_hosting TEXT,
    as_read_matomo_site_id INTEGER,
    as_read_error_message  TEXT,
    as_read_document_root  TEXT,
    last_stage             TEXT NOT NULL,
    last_failure           TEXT,
    last_detail            TEXT,
    last_not_before_ms     INTEGER,
    announced              TEXT              -- the cause that error_message was told of
) STRICT;

CREATE TABLE orders (                        -- of certificates, within eight days
    id            INTEGER NOT NULL,
    place         TEXT NOT NULL,
    domain        TEXT NOT NULL,
    at_ms         INTEGER NOT NULL,
    ended         TEXT NOT NULL,
    not_before_ms INTEGER,
    PRIMARY KEY (id, at_ms)                  -- a life that could not read its forerunners' begins anew
) STRICT;
CREATE INDEX orders_by_time ON orders (at_ms);

CREATE TABLE servers (
    place                 TEXT PRIMARY KEY,
    worked_key            TEXT NOT NULL,     -- digest of the key that last logged in; '': none ever did
    panel_worked          INTEGER NOT NULL,
    refused               TEXT,              -- why; left in peace until then, or until its key changes
    refused_detail        TEXT,
    refused_not_before_ms INTEGER,
    refused_key           TEXT,
    refused_until_ms      INTEGER
) STRICT;

CREATE TABLE incidents (                     -- servers that cannot be used now
    place         TEXT PRIMARY KEY,
    failure       TEXT,
    detail        TEXT,
    not_before_ms INTEGER,
    since_ms      INTEGER NOT NULL,
    probes        INTEGER NOT NULL,
    next_probe_ms INTEGER NOT NULL
) STRICT;
)";

constexpr std::array all{version_1};

} // namespace

std::span<const char* const> migrations() noexcept { return all; }

bool is_newer(sqlite::connection& file, std::span<const char* const> steps) {
    return file.number("PRAGMA user_version") > static_cast<std::int64_t>(steps.size());
}

void migrate(sqlite::connection& file, std::span<const char* const> steps) {
    const auto version =
        static_cast<std::size_t>(std::max<std::int64_t>(0, file.number("PRAGMA user_version")));
    for (auto next = version; next < steps.size(); ++next) {
        sqlite::transaction step(file);
        file.execute(steps[next]);
        file.execute(("PRAGMA user_version = " + std::to_string(next + 1)).c_str());
        step.commit();
    }
}

} // namespace hosting::store
