// Times are kept as milliseconds since 1970; the end of time stays the end of time.
#pragma once

#include "core/moment.hpp"

#include <cstdint>

namespace hosting::records {

[[nodiscard]] std::int64_t to_ms(wall_time) noexcept;
[[nodiscard]] wall_time from_ms(std::int64_t) noexcept; // within what a wall_time can say

} // namespace hosting::records
