// A machine that a daemon runs on: what is done to its process, and what outlives it.
#pragma once

#include "core/ports/claims.hpp"
#include "tests/simulation/world/disk.hpp"
#include "tests/simulation/world/wall_clock.hpp"

#include <optional>
#include <string>

namespace simulation {

// What somebody does to the daemon's process.
enum class order_to_daemon : std::uint8_t { none, kill, stop, reload };

struct daemon_host {
    disk state;
    order_to_daemon order = order_to_daemon::none;
    bool lose_memory = false; // with that order
    std::string worker;       // as the present life is called in the shared queue; empty: none runs
    const hosting::claims* leases = nullptr; // of the present life
    std::optional<steady_time> well_since;   // it runs, is not stopped, and can reach the database
};

} // namespace simulation
