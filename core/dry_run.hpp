// What would be done for the pending sites, found out by looking only: nothing is written, no lock is taken.
#pragma once

#include "core/ports/analytics.hpp"
#include "core/ports/clock.hpp"
#include "core/ports/hosts.hpp"
#include "core/ports/site_queue.hpp"
#include "core/site_runner.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>

namespace hosting {

// The ports that a look needs.
struct look_ports {
    site_queue& queue;
    hosts& servers;
    analytics& statistics;
    clock& time;
};

struct dry_run_summary {
    std::size_t sites = 0;
    std::size_t in_trouble = 0; // could not be looked at, or would fail
    std::optional<failure> queue_failure;
    bool sees_no_server = false;
    bool site_not_found = false;
};

// Looks at all pending sites, or at the one named, and hands a line for each to `say`.
[[nodiscard]] boost::asio::awaitable<dry_run_summary> dry_run(look_ports ports, runner_settings settings,
                                                              std::string site_id,
                                                              std::function<void(std::string)> say);

} // namespace hosting
