// What the targets share: the property that must hold, a judge of text of their own, and inputs taken apart.
// Inputs are text that a person can read and write: the corpus is made by hand.
#pragma once

#include "adapters/http/client.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hosting::fuzz {

// Defined by each target: one run on one input, which may be anything.
void check(std::string_view input);

// Ends the run as a finding when the property does not hold; `shown` is printed with it.
void must(bool holds, std::string_view property, std::string_view shown = {});

// Whether this is text as message_text.hpp promises it: at most `most` characters of well-formed UTF-8, none
// of them a control character. By a decoder that shares nothing with the one that is tested.
[[nodiscard]] bool is_plain(std::string_view text, std::size_t most);

[[nodiscard]] bool contains(std::string_view text, std::string_view part);

// Takes the next line, or the next word of a line, off `rest`.
std::string_view take_line(std::string_view& rest);
std::string_view take_word(std::string_view& rest);

// `text` as a number; `otherwise` where it is none.
[[nodiscard]] int number_of(std::string_view text, int otherwise);

// An answer as the captures of real servers show it, with LF for CRLF: a status line, headers, an empty line
// and the body.
[[nodiscard]] http::response response_of(std::string_view input);

} // namespace hosting::fuzz
