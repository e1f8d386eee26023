// The wall clock of a daemon's machine: what it shows beside the true time, and when somebody set it.
#pragma once

#include "core/moment.hpp"

namespace simulation {

using hosting::steady_time;
using hosting::wall_time;

class wall_clock {
public:
    // `base`: how far it is off even when nobody sets it.
    explicit wall_clock(wall_time::duration base = {})
        : base_(base) {}

    void set(wall_time::duration by, steady_time now) {
        wrong_until_ = wrong_until(now);
        ahead_until_ = ahead_until(now);
        off_ += by;
        set_ = now;
    }

    [[nodiscard]] wall_time::duration ahead() const noexcept { return base_ + off_; }
    [[nodiscard]] wall_time::duration off() const noexcept { return off_; }
    // When it was set last; long ago: never.
    [[nodiscard]] steady_time when_set() const noexcept { return set_; }
    // Until when it was wrong, or ran ahead, if it ever did.
    [[nodiscard]] steady_time wrong_until(steady_time now) const {
        return off_ != wall_time::duration::zero() ? now : wrong_until_;
    }
    [[nodiscard]] steady_time ahead_until(steady_time now) const {
        return off_ > wall_time::duration::zero() ? now : ahead_until_;
    }

private:
    wall_time::duration base_;
    wall_time::duration off_{};
    steady_time set_{}; // which is long ago
    steady_time wrong_until_{};
    steady_time ahead_until_{};
};

} // namespace simulation
