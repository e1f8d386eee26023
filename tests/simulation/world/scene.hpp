// What everything in a simulated world shares: time, chance, the trace, and the verdict.
#pragma once

#include "core/moment.hpp"
#include "tests/simulation/dice.hpp"
#include "tests/simulation/plan/faults.hpp"
#include "tests/simulation/trace.hpp"
#include "tests/simulation/world/wall_clock.hpp"
#include "tests/support/timeline.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

using namespace std::chrono_literals;

// A rule that was broken, and how.
struct violation {
    std::string rule;
    std::string what;
    steady_time when;
};

class scene {
public:
    scene(std::uint64_t seed, bool shown, std::set<std::string> muted)
        : chance(seed)
        , log(shown)
        , muted_(std::move(muted)) {}

    tests::timeline time;
    dice chance;
    trace log;
    fault_counts counts;
    std::optional<violation> broken; // the first one

    void say(std::string_view text) { log.line(time.now(), text); }
    void breaks(std::string_view rule, std::string what) {
        say("VIOLATION of \"" + std::string(rule) + "\": " + what);
        if (!broken && !muted_.contains(std::string(rule)))
            broken = violation{std::string(rule), std::move(what), time.now()};
    }

    [[nodiscard]] wall_time true_wall() const { return epoch_ + (time.now() - begin_); }
    // What the clock of that daemon's machine shows.
    [[nodiscard]] wall_time daemon_wall(std::size_t which) const {
        return true_wall() + clocks.at(which).ahead();
    }
    void set_daemon_clock(std::size_t which, wall_time::duration by) {
        clocks.at(which).set(by, time.now());
        say(name_of_daemon(which) + "'s clock is set by " + std::to_string(by / std::chrono::seconds(1)) +
            " s");
    }
    void set_right(std::size_t which) { set_daemon_clock(which, -clocks.at(which).off()); }
    // Of all the clocks. Long ago: never.
    [[nodiscard]] steady_time clock_set() const {
        return latest([](const wall_clock& c) { return c.when_set(); });
    }
    [[nodiscard]] steady_time clock_wrong_until() const {
        return latest([this](const wall_clock& c) { return c.wrong_until(time.now()); });
    }
    [[nodiscard]] steady_time clock_ahead_until() const {
        return latest([this](const wall_clock& c) { return c.ahead_until(time.now()); });
    }
    std::vector<wall_clock> clocks; // of the daemons' machines

    [[nodiscard]] std::string name_of_daemon(std::size_t which) const {
        return clocks.size() == 1 ? "the daemon" : "daemon " + std::to_string(which + 1);
    }

    [[nodiscard]] steady_time::duration passed() const { return time.now() - begin_; }

private:
    template<class Of>
    [[nodiscard]] steady_time latest(Of of) const {
        steady_time last{};
        for (const auto& c : clocks)
            last = std::max(last, of(c));
        return last;
    }

    std::set<std::string> muted_;
    const steady_time begin_ = time.now();
    const wall_time epoch_{std::chrono::seconds(1'767'225'600)}; // 2026-01-01
};

} // namespace simulation
