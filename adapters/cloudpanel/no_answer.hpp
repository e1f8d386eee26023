// What it means when a remote script did not come to its end.
#pragma once

#include "adapters/ssh/client.hpp"
#include "core/model.hpp"
#include "core/result.hpp"

#include <string_view>

namespace hosting::cloudpanel {

// Whether the script has to be started through sudo.
[[nodiscard]] inline bool needs_sudo(const server& s) { return s.user != "root"; }

// What the shell, or sudo before it, said instead. `began`: it came to the script at all. `err`: what counts
// of the stderr.
[[nodiscard]] failure no_answer(const server& where, const ssh::command_result& ran, bool began,
                                std::string_view err);

} // namespace hosting::cloudpanel
