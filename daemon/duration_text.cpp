#include "daemon/duration_text.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace hosting {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr std::int64_t longest = 3650LL * 86'400'000;
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> units{
        {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    if (text == "0") return std::chrono::milliseconds(0);
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{} || count < 0) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (const auto& [name, milliseconds] : units)
        if (unit == name)
            return count <= longest / milliseconds
                       ? std::optional(std::chrono::milliseconds(count * milliseconds))
                       : std::nullopt;
    return std::nullopt;
}

} // namespace hosting
