// The one form of a domain that the rest of the program sees: lowercase ASCII, checked.
#pragma once

#include "core/result.hpp"

#include <string>
#include <string_view>

namespace hosting {

// Trims, lowercases and converts Unicode to punycode (IDNA 2008, non-transitional, by libidn2), then checks
// that the name is one that CloudPanel accepts: labels of letters, digits and hyphens, 1 to 63 long, none
// beginning or ending with a hyphen; at least two labels; a last label of 2 to 14 letters; at most 128
// characters in all. Failure: domain_invalid, with a sentence that says which rule and shows the name
// harmlessly.
[[nodiscard]] result<std::string> normalise_domain(std::string_view as_read);

// The same in Unicode, as a row may spell it; as it is, where that is no other.
[[nodiscard]] std::string unicode_domain(const std::string& normalised);

} // namespace hosting
