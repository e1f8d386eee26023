// The control loop: polls the queue, starts sites when the scheduler says so, hears how they ended.
#pragma once

#include "core/scheduler.hpp"
#include "core/site_runner.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting {

// What is said where the key sees no server.
inline constexpr std::string_view no_server_sentence =
    "Supabase shows no server at all: the table is empty, or the key has no rights";

struct dispatcher_settings {
    std::chrono::milliseconds poll_interval{5'000};
    scheduler_limits limits;
    runner_settings runner;
};

// What to do: everything that is pending for ever, or once.
struct dispatcher_task {
    bool once = false;
    std::string site_id; // with once: only this row, whatever its state; empty: all pending
    std::chrono::milliseconds patience{
        120'000}; // with once: longer waits for a next attempt are not waited for
};

// What came of it, for --once.
struct dispatcher_summary {
    std::size_t active = 0;
    std::size_t failed = 0;
    std::vector<waiting_site> waiting;
    std::optional<failure> queue_failure; // Supabase could not be asked
    bool sees_no_server = false;          // an empty table, or a key without rights
    bool site_not_found = false;          // site_id names no row
    bool stopped = false;                 // by stop(), before all was done
};

class dispatcher {
public:
    virtual ~dispatcher() = default;

    // Runs until stopped (or done, with once). Call it once.
    virtual boost::asio::awaitable<dispatcher_summary> run(dispatcher_task task) = 0;

    // Starts nothing more: neither a site nor a further command. run() returns when what runs has ended.
    // Thread-safe.
    virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<dispatcher> make_dispatcher(boost::asio::any_io_executor executor,
                                                          dispatcher_settings settings, site_ports ports);

} // namespace hosting
