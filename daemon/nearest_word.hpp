// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hosting {

// ` (did you mean "x"?)` with the known word nearest to `unknown`; empty when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view unknown, const std::vector<std::string>& known);

} // namespace hosting
