// The program at work: everything wired together, run until it is done or told to stop.
#pragma once

#include "core/ports/log.hpp"
#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"

namespace hosting {

// Runs as the command line says. SIGTERM and SIGINT stop it: no further site or command is started, and what
// runs may end within drain_timeout; a second one ends it at once. Returns the exit code.
[[nodiscard]] int run_service(const configuration& config, const command_line& line, log& journal);

} // namespace hosting
