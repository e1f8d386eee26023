// One daemon's way to Supabase.
#pragma once

#include "core/result.hpp"
#include "tests/simulation/ports/letter.hpp"
#include "tests/simulation/world/world.hpp"

#include <functional>
#include <string>

namespace simulation {

class supabase_link {
public:
    static constexpr milliseconds request_timeout = 15s;

    supabase_link(world& w, life_clock& clock)
        : world_(w)
        , clock_(clock) {}

    // An answer; a failure where there is none. `lost`: the request was sent.
    template<class T>
    asio::awaitable<hosting::result<T>> request(std::function<T()> effect, way how, bool* lost = nullptr) {
        if (world_.matter.any(fault::supabase_refuses)) {
            co_await clock_.pass(how.there);
            co_return hosting::failure{hosting::errc::supabase_refused, "Supabase refuses the key"};
        }
        if (world_.matter.any(fault::supabase_down) || is_cut()) {
            const double roll = world_.now.chance.unit();
            co_await clock_.pass(roll < 0.8 ? how.there : request_timeout);
            if (lost) *lost = roll >= 0.8;
            co_return unreachable(roll < 0.4   ? "connection refused"
                                  : roll < 0.8 ? "503"
                                               : "no answer in time");
        }
        auto reply = co_await ask(world_.now, clock_, how, std::move(effect));
        // It did not come through.
        if (reply && is_cut()) {
            co_await clock_.pass(how.patience);
            reply.reset();
        }
        if (reply) co_return std::move(*reply);
        if (lost) *lost = true;
        co_return unreachable("no answer in time");
    }

    [[nodiscard]] way usual_way() {
        way how;
        how.there = world_.now.chance.between(5ms, 80ms);
        how.back = world_.now.chance.between(5ms, 80ms);
        how.patience = request_timeout;
        return how;
    }

    [[nodiscard]] static hosting::failure unreachable(const char* how) {
        return {hosting::errc::supabase_unreachable, std::string("Supabase cannot be reached: ") + how};
    }

private:
    [[nodiscard]] bool is_cut() const {
        return world_.matter.of_daemon(fault::database_cut, clock_.daemon());
    }

    world& world_;
    life_clock& clock_;
};

} // namespace simulation
