// When to try again. Pure: the caller brings the dice.
#pragma once

#include "core/model.hpp"

#include <chrono>

namespace hosting {

struct retry_policy {
    unsigned max_attempts = 8; // of one stage, the first included
    std::chrono::milliseconds first_delay{30'000};
    std::chrono::milliseconds max_delay{1'800'000};
    std::chrono::milliseconds certificate_give_up_after{86'400'000}; // from the first refusal
    std::chrono::milliseconds server_outage_limit{7'200'000};        // 0: never
};

// The wait after attempt number `attempt` (from 1) of a stage failed. Exponential with full jitter, at most
// max_delay; for certificates Let's Encrypt's own advice instead: 2, 20, 200 and then 2880 times first_delay
// (1, 10, 100 minutes and a day by default), without jitter or max_delay. `roll` is uniform in [0, 1).
[[nodiscard]] std::chrono::milliseconds delay_after(const retry_policy&, stage failed, unsigned attempt,
                                                    double roll) noexcept;

// The wait after the `snoozes`-th failure in a row that was not the site's fault: the same, but at most five
// minutes, so that the end of somebody else's trouble is noticed soon.
[[nodiscard]] std::chrono::milliseconds snooze_delay(const retry_policy&, unsigned snoozes,
                                                     double roll) noexcept;

// Waits that are longer are shown in the row.
inline constexpr std::chrono::minutes announced_from{5};
// Nobody's trouble is looked at more rarely than that.
inline constexpr std::chrono::minutes longest_snooze{5};
// Matomo's trouble delays a site by no more.
inline constexpr unsigned most_analytics_attempts = 3;
inline constexpr std::chrono::minutes longest_analytics_wait{2};

} // namespace hosting
