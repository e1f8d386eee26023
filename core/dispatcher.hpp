// The control loop: polls the queue, starts sites when the scheduler says so, hears how they ended.
#pragma once

#include "core/scheduler.hpp"
#include "core/site_runner.hpp"
#include "core/status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
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
    std::size_t orders_per_server_per_3h = 250;
    runner_settings runner;
};

// What to do: everything that is pending for ever, or once.
struct dispatcher_task {
    bool once = false;
    std::string site_id; // with once: only this row, whatever its state; empty: all pending
    std::chrono::milliseconds patience{
        120'000};                 // with once: longer waits for a next attempt are not waited for
    std::function<void()> polled; // called on the control strand after each poll, whatever came of it
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

    // Starts nothing more: neither a site nor a further step on a server. run() returns when what runs has
    // ended and what is remembered is written. Thread-safe.
    virtual void stop() = 0;

    // Asks for new rows at once. Thread-safe.
    virtual void poll_now() = 0;

    // Works on this row at once, whatever its state, but for what its server forbids. That there is no such
    // row, or that it cannot be read, is a line of the log. Thread-safe.
    virtual void request(std::string site_id) = 0;

    // Any executor; resumes on the caller's.
    virtual boost::asio::awaitable<service_status> status() = 0;

    // From now on these settings hold, and servers that cannot be used are tried at once. Thread-safe.
    virtual void reconfigure(dispatcher_settings settings) = 0;
};

[[nodiscard]] std::unique_ptr<dispatcher> make_dispatcher(boost::asio::any_io_executor executor,
                                                          dispatcher_settings settings, site_ports ports);

} // namespace hosting
