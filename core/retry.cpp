#include "core/retry.hpp"

#include <algorithm>
#include <array>

namespace hosting {

std::chrono::milliseconds delay_after(const retry_policy& policy, stage failed, unsigned attempt,
                                      double roll) noexcept {
    const unsigned step = std::max(attempt, 1U) - 1;
    if (failed == stage::certificate) {
        constexpr std::array<int, 4> factors{2, 20, 200, 2880};
        return policy.first_delay * factors[std::min<std::size_t>(step, factors.size() - 1)];
    }
    std::chrono::milliseconds ceiling = policy.first_delay;
    for (unsigned i = 0; i < step && ceiling < policy.max_delay; ++i)
        ceiling *= 2;
    ceiling = std::min(ceiling, policy.max_delay);
    return std::chrono::milliseconds(
        static_cast<std::chrono::milliseconds::rep>(roll * static_cast<double>(ceiling.count())));
}

} // namespace hosting
