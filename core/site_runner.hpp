// Runs one site: reads its row, drives its machine and performs the machine's actions through the ports.
#pragma once

#include "core/clearance.hpp"
#include "core/scheduler.hpp"
#include "core/site_machine.hpp"
#include "core/site_ports.hpp"

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

namespace hosting {

struct runner_settings {
    machine_settings machine;
    std::string site_user_prefix = "user_";
    std::string default_server;
};

// What a run needs to know beside the ports.
struct site_job {
    site_start start;
    std::shared_ptr<const std::vector<server>> servers; // as last read
};

struct run_end {
    enum class kind {
        active,
        failed,
        retry,       // after `delay`
        row_changed, // the row is not ours (any more): gone, edited, or not pending
        left_active, // failed, but the row says active
        interrupted  // nothing is the matter with the site: we are stopping, or its server is paused or moved
    };
    kind what = kind::active;
    std::string domain;                           // for people
    std::optional<scheduler::again::request> row; // as it was read, if it was
    std::string server;                           // its label; empty: not known
    std::optional<failure> why;                   // for retry, failed and left_active
    std::chrono::milliseconds delay{};
    std::optional<result<void>> analytics; // how registering the site went, if it came to that
    site_progress progress;                // to be kept until the next run
};

// Runs on the caller's executor, a strand of this site's own.
[[nodiscard]] boost::asio::awaitable<run_end> run_site(site_ports ports, clearance& desk,
                                                       runner_settings settings, site_job job);

} // namespace hosting
