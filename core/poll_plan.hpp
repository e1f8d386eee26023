// What a poll asks for. Pure.
//
// A queue that fits a page is read whole by every poll, in one request. A longer one is read whole only now
// and then, so that this takes at most a tenth of the time; the polls in between ask for the newest rows
// alone.
#pragma once

#include "core/moment.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace hosting {

class poll_plan {
public:
    explicit poll_plan(std::chrono::milliseconds interval)
        : interval_(interval) {}

    void set_interval(std::chrono::milliseconds interval) { interval_ = interval; }

    [[nodiscard]] bool wants_all(steady_time now) const noexcept { return now >= next_scan_; }

    // The whole queue was read: `pages` requests, which began at `from`.
    void scanned(steady_time from, std::size_t pages, steady_time now) noexcept {
        next_scan_ = now + scan_share * (now - from);
        if (pages > 1) next_scan_ = std::max(next_scan_, now + polls_between_scans * interval_);
    }
    // The newest rows turned out to be all.
    void shrank(steady_time now) noexcept { next_scan_ = now; }

private:
    static constexpr int scan_share = 9; // nine times as long as it took it is not done again
    static constexpr int polls_between_scans = 12;

    std::chrono::milliseconds interval_;
    steady_time next_scan_ = steady_time::min();
};

} // namespace hosting
