// A world that costs next to nothing behind the core's ports: everybody answers well, virtual time passes,
// and nothing is kept of what was asked. What is measured over it is the core.
#pragma once

#include "core/site_ports.hpp"
#include "tests/support/silent_meter.hpp"
#include "tests/support/virtual_clock.hpp"

#include <boost/asio/io_context.hpp>
#include <ctime>
#include <set>
#include <string>
#include <vector>

namespace bench {

namespace asio = boost::asio;
using namespace hosting;

inline double cpu_seconds() {
    timespec used{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

// Rows 0 to count - 1, the oldest first. Pages take their time, as over a network.
class row_table final : public site_queue {
public:
    row_table(tests::virtual_clock& time, std::size_t count, std::size_t servers, bool active);

    asio::awaitable<result<pending_rows>> pending() override;
    asio::awaitable<result<pending_rows>> newest() override;
    asio::awaitable<result<std::optional<site>>> read(std::string id) override;
    asio::awaitable<result<std::vector<server>>> servers() override { co_return fleet_; }
    asio::awaitable<result<secret>> private_key(std::string) override { co_return secret("key"); }
    asio::awaitable<result<delivery>> report(site as_read, outcome what) override;

    [[nodiscard]] std::size_t left() const { return pending_.size(); }
    // Called when a poll begins, with the rows that it will bring, and whether these are all.
    std::function<void(std::size_t rows, bool all)> on_poll;
    double own_cpu_seconds = 0; // what making up the answers took

private:
    [[nodiscard]] pending_site row(std::size_t number) const;
    [[nodiscard]] std::string server_of(std::size_t number) const;
    asio::awaitable<result<pending_rows>> answer(std::size_t rows);

    tests::virtual_clock& time_;
    std::vector<server> fleet_;
    std::set<std::size_t> pending_;
};

class servers_at_once final : public hosts {
public:
    explicit servers_at_once(tests::virtual_clock& time)
        : time_(time) {}
    void recall(std::vector<server_facts>, std::string) override {}
    asio::awaitable<result<site_view>> look(server, std::string) override { co_return site_view(); }
    asio::awaitable<result<creation_result>> create_site(server where, creation what) override;
    asio::awaitable<result<installation_result>> install_certificate(server where,
                                                                     installation what) override;

private:
    tests::virtual_clock& time_;
};

class statistics_at_once final : public analytics {
public:
    asio::awaitable<result<std::optional<std::int64_t>>> find(std::string) override {
        co_return std::optional<std::int64_t>();
    }
    asio::awaitable<result<std::int64_t>> ensure(std::string) override { co_return 1; }
};

class addresses_at_once final : public resolver {
public:
    asio::awaitable<resolution> resolve(std::string, std::chrono::milliseconds) override;
};

class no_memory final : public memory {
public:
    asio::awaitable<result<memories>> load() override { co_return memories(); }
    std::string installation_id() const override { return "00000000-0000-4000-8000-000000000000"; }
    void keep(site_record) override {}
    void forget_site(std::string) override {}
    void keep(server_facts) override {}
    void keep(incident_record) override {}
    void forget_incident(std::string) override {}
    asio::awaitable<result<order_answer>> keep_order(order_record) override { co_return order_answer(); }
    void end_order(order_record) override {}
    asio::awaitable<void> flush() override { co_return; }
};

class no_log final : public log {
public:
    bool enabled(log_level level) const noexcept override { return level > log_level::debug; }
    void write(log_level, std::string_view, std::span<const log_field>) override {}
    using log::write;
};

struct world {
    world(std::size_t sites, std::size_t servers, bool active)
        : queue(time, sites, servers, active) {}

    asio::io_context io;
    tests::virtual_clock time{io};
    row_table queue;
    servers_at_once servers{time};
    statistics_at_once statistics;
    addresses_at_once names;
    no_memory store;
    no_log journal;
    tests::silent_meter figures;
    site_ports ports{queue, servers, statistics, journal, names, store, time, figures, nullptr};
};

} // namespace bench
