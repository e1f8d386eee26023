// `hosting-automatord explain DOMAIN`: what happened to a site, and why it is not running now.
#pragma once

#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"

namespace hosting {

// Asks Supabase and reads the state folder, beside a running daemon and without a trace. Prints what it
// found, as the command line says. Returns the exit code: all_well, not_all_well (no such site), wrong_usage
// (a mistake that only shows now, such as a CA file that cannot be read) or no_supabase, with what the memory
// alone knows.
[[nodiscard]] int run_explain(const command_line& line, const configuration& config);

} // namespace hosting
