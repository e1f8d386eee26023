#include "core/retry.hpp"

#include <algorithm>
#include <array>

namespace hosting {
namespace {

std::chrono::milliseconds jittered(std::chrono::milliseconds first, unsigned doublings,
                                   std::chrono::milliseconds longest, double roll) noexcept {
    std::chrono::milliseconds ceiling = first;
    for (unsigned i = 0; i < doublings && ceiling < longest; ++i)
        ceiling *= 2;
    ceiling = std::min(ceiling, longest);
    return std::chrono::milliseconds(
        static_cast<std::chrono::milliseconds::rep>(roll * static_cast<double>(ceiling.count())));
}

} // namespace

std::chrono::milliseconds delay_after(const retry_policy& policy, stage failed, unsigned attempt,
                                      double roll) noexcept {
    const unsigned step = std::max(attempt, 1U) - 1;
    if (failed == stage::certificate) {
        constexpr std::array<int, 4> factors{2, 20, 200, 2880};
        return policy.first_delay * factors[std::min<std::size_t>(step, factors.size() - 1)];
    }
    return jittered(policy.first_delay, step, policy.max_delay, roll);
}

std::chrono::milliseconds snooze_delay(const retry_policy& policy, unsigned snoozes, double roll) noexcept {
    return jittered(policy.first_delay, std::max(snoozes, 1U) - 1,
                    std::min<std::chrono::milliseconds>(policy.max_delay, longest_snooze), roll);
}

} // namespace hosting
