#include "adapters/records/milliseconds.hpp"

#include <algorithm>

namespace hosting::records {
namespace {

using std::chrono::milliseconds;

constexpr auto first = std::chrono::ceil<milliseconds>(wall_time::min().time_since_epoch()).count();
constexpr auto last = std::chrono::floor<milliseconds>(wall_time::max().time_since_epoch()).count();

} // namespace

std::int64_t to_ms(wall_time t) noexcept {
    return std::max<std::int64_t>(first, std::chrono::floor<milliseconds>(t.time_since_epoch()).count());
}

wall_time from_ms(std::int64_t ms) noexcept {
    if (ms >= last) return wall_time::max();
    return wall_time(milliseconds(std::max<std::int64_t>(first, ms)));
}

} // namespace hosting::records
