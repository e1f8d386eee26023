// What a run asks the control strand before it acts on a server, and tells it afterwards.
#pragma once

#include "core/model.hpp"
#include "core/records.hpp"
#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace hosting {

struct step_permit {
    enum class kind {
        go,
        stopping, // the program is: nothing is begun any more
        paused,   // the server is, by its row
        moved,    // the site's server is not where it was: read everything again
        not_ours, // the row is not: another daemon may work on it
        unusable  // the server cannot be used now, as others have found out meanwhile
    };
    kind what = kind::go;
    std::optional<failure> why; // unusable: the incident's cause
};

// Thread-safe; calls resume on the caller's executor.
class clearance {
public:
    virtual ~clearance() = default;

    // Waits until it is the site's turn on that server, and judges then. After `go` the caller makes one call
    // of the port hosts that may change something, and then ends the step; otherwise there is nothing to end.
    virtual boost::asio::awaitable<step_permit> begin_step(server where, std::string site_id) = 0;
    // `how`: without its value, what the call gave. `panel_worked`: clpctl had something to do, and did it.
    virtual void end_step(const server& where, const std::string& site_id, const result<void>& how,
                          bool panel_worked) = 0;

    // A certificate is about to be ordered: counted, and written down where a crash cannot lose it. The
    // order's number; or cert_budget with the earliest safe time.
    virtual boost::asio::awaitable<result<std::uint64_t>> begin_order(server where, std::string domain) = 0;
    // Gives the time before which no other order for that domain may be sent, if there is one.
    virtual boost::asio::awaitable<std::optional<wall_time>>
    end_order(std::uint64_t number, order_end how, std::optional<wall_time> not_before) = 0;
};

} // namespace hosting
