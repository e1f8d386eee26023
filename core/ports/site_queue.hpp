// Port: the Hub's rows. Implemented by adapters/supabase.
#pragma once

#include "core/model.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

// Every call may be made from any executor and resumes on the caller's. Failures are supabase_* or
// row_rejected.
class site_queue {
public:
    virtual ~site_queue() = default;

    // All rows with status_dns 'active' and status_hosting 'pending', however many pages that takes, oldest
    // first.
    virtual boost::asio::awaitable<result<std::vector<pending_site>>> pending() = 0;

    // One row whatever its state; nullopt where there is none.
    virtual boost::asio::awaitable<result<std::optional<site>>> read(std::string site_id) = 0;

    // All servers, without keys. Rows with an unusable port or address are in it, with the field left empty.
    virtual boost::asio::awaitable<result<std::vector<server>>> servers() = 0;

    // The private key of one server, as the row has it. server_unknown where the row is gone; empty if it has
    // none.
    virtual boost::asio::awaitable<result<secret>> private_key(std::string server_id) = 0;

    // Writes `what` if the row still is as read. An unknown outcome (time-out, reset) is resolved by reading
    // the row back; only when that fails too is it an error, and then the call may be repeated.
    virtual boost::asio::awaitable<result<delivery>> report(site as_read, outcome what) = 0;
};

} // namespace hosting
