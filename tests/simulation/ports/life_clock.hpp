// The clocks of the daemon's machine, in one life of the daemon.
#pragma once

#include "core/ports/clock.hpp"
#include "tests/simulation/world/scene.hpp"

#include <boost/asio/this_coro.hpp>

namespace simulation {

namespace asio = boost::asio;

// The steady clock begins somewhere else in each life, as after a boot: nobody may keep its times.
class life_clock final : public hosting::clock {
public:
    life_clock(scene& s, std::size_t daemon, steady_time::duration ahead)
        : scene_(s)
        , daemon_(daemon)
        , ahead_(ahead) {}

    // Whose they are.
    [[nodiscard]] std::size_t daemon() const noexcept { return daemon_; }

    hosting::moment now() override { return {scene_.time.now() + ahead_, wall(), scene_.chance.unit()}; }
    [[nodiscard]] wall_time wall() const { return scene_.daemon_wall(daemon_); }
    [[nodiscard]] steady_time steady() const { return scene_.time.now() + ahead_; }

    std::unique_ptr<hosting::alarm> make_alarm(asio::any_io_executor executor) override {
        return std::make_unique<tests::timeline_alarm>(scene_.time, std::move(executor), ahead_);
    }

    asio::awaitable<void> pass(milliseconds length) {
        const auto end = make_alarm(co_await asio::this_coro::executor);
        co_await end->wait_until(steady() + length);
    }

private:
    scene& scene_;
    std::size_t daemon_;
    steady_time::duration ahead_;
};

} // namespace simulation
