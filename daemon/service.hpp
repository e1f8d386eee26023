// The program at work: everything wired together, run until it is done or told to stop.
#pragma once

#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"
#include "daemon/logging.hpp"

#include <functional>

namespace hosting {

// Runs as the command line says. SIGTERM and SIGINT stop it: no further site or step is begun, and what runs
// may end within drain_timeout; a second one ends it at once. SIGHUP takes what `read_again` gives, if that
// is good, and lets servers that refused us be tried again. Returns the exit code.
[[nodiscard]] int run_service(configuration config, const command_line& line, service_log& journal,
                              std::function<loaded_configuration()> read_again);

} // namespace hosting
