// The machine's clocks, and dice.
#pragma once

#include "core/ports/clock.hpp"

#include <memory>

namespace hosting {

// Alarms need neither the clock nor their own object while they wait: destroying one ends its wait.
[[nodiscard]] std::unique_ptr<clock> make_system_clock();

} // namespace hosting
