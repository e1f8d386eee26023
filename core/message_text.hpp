// Text for people, made of text that nobody controls: bounded, valid UTF-8, one line.
#pragma once

#include "core/errors.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace hosting {

// At most `max_characters` Unicode characters on one line: control characters and line ends become single
// spaces, bytes that are no UTF-8 become '?', what is cut off is marked by "...".
[[nodiscard]] std::string plain_text(std::string_view text, std::size_t max_characters);

// The text itself, but each byte that is no UTF-8, and each NUL, is '?': what a database takes as text.
[[nodiscard]] std::string utf8_text(std::string_view text);

// The row's error_message: `E_CODE: detail; who must act`, at most 500 characters, the detail cut where it
// must be.
[[nodiscard]] std::string error_message(const failure& why);

// The row's error_message while the site waits: `WAITING E_CODE: detail; next attempt at
// 2026-01-31T12:00:00Z`.
[[nodiscard]] std::string waiting_message(const failure& why, std::chrono::system_clock::time_point next);

// 2026-01-31T12:00:00Z
[[nodiscard]] std::string utc_text(std::chrono::system_clock::time_point when);

// "90 s", "12 min", "3 h", "2 d": as coarse as people speak.
[[nodiscard]] std::string duration_text(std::chrono::milliseconds length);

} // namespace hosting
