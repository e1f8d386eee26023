// Time that passes only when everybody waits: what takes a week in the world takes a moment in a test.
#pragma once

#include "tests/support/timeline.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <random>

namespace tests {

// For one io_context that is run by step() alone, on one thread.
class virtual_clock final : public hosting::clock {
public:
    explicit virtual_clock(asio::io_context& io, std::uint64_t seed = 1)
        : io_(io)
        , dice_(seed) {}

    hosting::moment now() override {
        const auto passed = std::chrono::duration_cast<hosting::wall_time::duration>(waits_.now() - begin_);
        return {waits_.now(), wall_at_begin_ + passed,
                std::uniform_real_distribution<double>(0.0, 1.0)(dice_)};
    }

    std::unique_ptr<hosting::alarm> make_alarm(asio::any_io_executor executor) override {
        return std::make_unique<timeline_alarm>(waits_, std::move(executor));
    }

    // What a fake does that takes time.
    asio::awaitable<void> pass(std::chrono::milliseconds length) {
        auto end = make_alarm(co_await asio::this_coro::executor);
        co_await end->wait_until(waits_.now() + length);
    }

    // Somebody sets the wall clock.
    void set_wall(hosting::wall_time to) { wall_at_begin_ += to - now().wall; }

    // Runs what can run, and then goes on to the next moment at which something can. False: there is none.
    bool step() {
        run_ready();
        if (waits_.empty()) return false;
        const auto when = waits_.next();
        do
            waits_.step();
        while (!waits_.empty() && waits_.next() == when);
        run_ready();
        return true;
    }

    // Lets time pass until `done`, or until nothing happens any more. True: done.
    bool run_until(const std::function<bool()>& done) {
        run_ready();
        while (!done())
            if (!step()) return done();
        return true;
    }

private:
    void run_ready() {
        io_.restart();
        io_.poll();
    }

    asio::io_context& io_;
    std::mt19937_64 dice_;
    timeline waits_;
    const hosting::steady_time begin_ = waits_.now();
    hosting::wall_time wall_at_begin_{std::chrono::seconds(1'767'225'600)}; // 2026-01-01
};

} // namespace tests
