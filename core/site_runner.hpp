// Runs one site: reads its row, drives its machine and performs the machine's actions through the ports.
#pragma once

#include "core/ports/analytics.hpp"
#include "core/ports/hosts.hpp"
#include "core/ports/log.hpp"
#include "core/ports/site_queue.hpp"
#include "core/scheduler.hpp"
#include "core/site_machine.hpp"

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>

namespace hosting {

// The outside world as the core sees it. All outlive every run.
struct site_ports {
    site_queue& queue;
    hosts& servers;
    analytics& statistics;
    log& journal;
};

struct runner_settings {
    machine_settings machine;
    std::string site_user_prefix = "user_";
    std::string default_server;
};

// What a run needs to know beside the ports.
struct site_job {
    site_start start;
    std::shared_ptr<const std::vector<server>> servers; // as last read
    std::shared_ptr<const std::atomic<bool>> stopping;  // true: begin no further command on a server
};

struct run_end {
    enum class kind {
        active,
        failed,
        retry,       // after `delay`
        paused,      // its server is; nothing was done
        row_changed, // the row is not ours (any more): gone, edited, or not pending
        left_active, // failed, but the row says active
        interrupted  // we are stopping; the row stays as it is
    };
    kind what = kind::active;
    std::string domain;         // for people
    std::string server;         // its label; empty: not known
    std::optional<failure> why; // for retry and left_active
    std::chrono::milliseconds delay{};
    site_progress progress; // to be kept until the next run
};

// Runs on the caller's executor, a strand of this site's own.
[[nodiscard]] boost::asio::awaitable<run_end> run_site(site_ports ports, runner_settings settings,
                                                       site_job job);

} // namespace hosting
