// Port: pending rows that several daemons share. Implemented by adapters/shared_queue; where a daemon has the
// rows to itself, there is none.
//
// A row is claimed: ours alone, under a lease that is renewed behind this port, until it is done (the report
// that ends it), given back (or kept with its record by the port memory, which gives it back, too) or lost,
// because the lease could not be renewed. What waits for its next attempt is given back, and claimed again,
// by whomever, when that is due.
#pragma once

#include "core/model.hpp"
#include "core/records.hpp"
#include "core/result.hpp"
#include "core/steps.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

struct claim_demand {
    std::size_t room = 0;       // rows wanted beside those that are held
    std::size_t per_server = 0; // held at most of one server's
    // Rows that waited for their server for so long are wanted, although it cannot be used; 0: they are not.
    std::chrono::milliseconds outage_limit{};
    std::string only; // this row alone, whatever its state; empty: any
};

struct claim_answer {
    std::vector<pending_site> rows;         // newly ours, oldest first
    std::vector<site_record> records;       // what is remembered of them
    std::vector<std::string> probes;        // ids of those that are to find out whether their server is back
    std::vector<std::string> lost;          // ids that were ours
    bool more = false;                      // with more room there would have been more
    std::vector<order_record> orders;       // of other daemons, and their ends, each of them once
    std::vector<server_facts> servers;      // that others found out
    std::vector<incident_record> incidents; // all that there are
};

// Thread-safe; calls resume on the caller's executor. Failures are supabase_*.
class claims {
public:
    virtual ~claims() = default;

    virtual boost::asio::awaitable<result<claim_answer>> claim(claim_demand wanted) = 0;

    // By what a server knows that the row is ours; nullopt: it is not, or may soon not be any more, so that
    // nothing may be begun for it.
    [[nodiscard]] virtual std::optional<fence> held(const std::string& site_id) const = 0;

    // As it was claimed. May happen later.
    virtual void give_back(std::string site_id) = 0;

    // Gives everything back at once. The last call.
    virtual boost::asio::awaitable<void> leave() = 0;
};

} // namespace hosting
