// Durations as people write them in the configuration and on the command line.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hosting {

// "200ms", "5s", "10m", "2h", "21d"; "0" means no time at all. nullopt: none of these, negative, or over ten
// years.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

} // namespace hosting
