// Matomo as the port analytics shows it: looks before it adds, and again after a lost reply.
#pragma once

#include "core/ports/analytics.hpp"
#include "tests/simulation/ports/begun_call.hpp"
#include "tests/simulation/ports/letter.hpp"

#include <optional>

namespace simulation {

class analytics_port final : public hosting::analytics {
public:
    analytics_port(world& w, life_clock& clock)
        : world_(w)
        , clock_(clock) {}

    asio::awaitable<hosting::result<std::optional<std::int64_t>>> find(std::string domain) override;
    asio::awaitable<hosting::result<std::int64_t>> ensure(std::string domain) override;

private:
    using maybe_id = std::optional<std::int64_t>;
    // One request. `lost`: it was sent, and no answer came.
    asio::awaitable<hosting::result<maybe_id>> request(std::function<maybe_id()> effect, way how,
                                                       bool* lost = nullptr);
    asio::awaitable<std::optional<hosting::failure>> prove();
    asio::awaitable<hosting::result<maybe_id>> look_up(std::string domain);
    asio::awaitable<hosting::result<maybe_id>> find_half_made(std::string domain);
    asio::awaitable<hosting::result<std::int64_t>> add(call_ptr c, std::string domain);
    asio::awaitable<hosting::result<maybe_id>> add_once(call_ptr c, std::string domain, bool* lost);
    asio::awaitable<hosting::result<std::int64_t>> look_and_add(call_ptr c, std::string domain);
    [[nodiscard]] way usual_way();
    hosting::failure be_silent();

    world& world_;
    life_clock& clock_;
    bool proved_ = false;
    steady_time silent_until_ = steady_time::min();
};

} // namespace simulation
