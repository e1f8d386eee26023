// `hosting-automatord check`: tries everything that the configuration names, as the service would, and
// changes nothing.
#pragma once

#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"

namespace hosting {

// Prints what it found, as the command line says. Returns the exit code: all_well, not_all_well (something is
// wrong), or wrong_usage (the configuration is). Works beside a running daemon.
[[nodiscard]] int run_check(const command_line& line, const loaded_configuration& loaded);

} // namespace hosting
