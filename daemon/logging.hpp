// The log on stderr: what systemd reads as `<N>message KEY=value`, and what a person reads on a terminal.
#pragma once

#include "core/ports/log.hpp"

#include <memory>

namespace hosting {

// On a terminal a line has a time and a level; elsewhere systemd's priority number.
[[nodiscard]] std::unique_ptr<log> make_stderr_log(log_level least);

// The part of a line behind the number, time or level: `message KEY=value KEY="value with blanks"`; fields
// without a value are left out. Control characters become '?'.
[[nodiscard]] std::string log_text(std::string_view message, std::span<const log_field> fields);

} // namespace hosting
