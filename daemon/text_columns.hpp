// Columns on a terminal.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace hosting {

// In characters, as a terminal counts them.
[[nodiscard]] inline std::size_t text_width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// With blanks behind it, up to this width.
[[nodiscard]] inline std::string padded(std::string text, std::size_t to) {
    text.append(to - std::min(to, text_width(text)), ' ');
    return text;
}

} // namespace hosting
