// Port: the Hub's rows. Implemented by adapters/supabase.
#pragma once

#include "core/model.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

// Rows of one answer to "what is to be done?", oldest first.
struct pending_rows {
    std::vector<pending_site> rows;
    bool complete = true;  // certainly all that wait; false: there may be others
    std::size_t pages = 1; // that were asked for, the empty one at the end included
};

// Every call may be made from any executor and resumes on the caller's. Failures are supabase_* or
// row_rejected.
class site_queue {
public:
    virtual ~site_queue() = default;

    // All rows with status_dns 'active' and status_hosting 'pending', however many pages that takes. Reads
    // only what a pending_site holds.
    virtual boost::asio::awaitable<result<pending_rows>> pending() = 0;

    // The newest of these rows by one request, as many as one page holds: what a poll costs while nothing
    // much happens. Rows without a created_at count as the oldest; where the schema has none, the highest ids
    // as the newest. Whether a short page was cut by the server is not always known; then it is not complete.
    virtual boost::asio::awaitable<result<pending_rows>> newest() = 0;

    // One row whatever its state; nullopt where there is none.
    virtual boost::asio::awaitable<result<std::optional<site>>> read(std::string site_id) = 0;

    // All servers, without keys. Rows with an unusable port or address are in it, with the field left empty.
    virtual boost::asio::awaitable<result<std::vector<server>>> servers() = 0;

    // The private key of one server, as the row has it. server_unknown where the row is gone; empty if it has
    // none.
    virtual boost::asio::awaitable<result<secret>> private_key(std::string server_id) = 0;

    // Writes `what` if the row still is as read. An unknown outcome (time-out, reset) is resolved by reading
    // the row back, and by one more try if nothing happened to it; only when that fails too is it an error,
    // and then the call may be repeated, with the row as read then. A row that was set to pending again since
    // our values arrived is not written over: it is a new request, and ours is `written`. A row that cannot
    // be seen is `row_changed` only if the key sees servers; else it is supabase_refused.
    virtual boost::asio::awaitable<result<delivery>> report(site as_read, outcome what) = 0;
};

} // namespace hosting
