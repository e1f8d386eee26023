// The log: lines of the journal with fields of their own, or on stderr what systemd and container runtimes
// read as
// `<N>message KEY=value`, or what a person reads on a terminal.
#pragma once

#include "core/ports/log.hpp"

#include <memory>
#include <string_view>

namespace hosting {

class service_log : public log {
public:
    // The least level whose lines are written, from now on. Thread-safe.
    virtual void set_level(log_level least) = 0;
};

// `target` is log.target: "journal", "stderr", or "auto", which is the journal if stderr goes there. Where no
// journald is, "journal" is stderr, and a line says so. On a terminal a line has a time and a level;
// elsewhere systemd's priority number.
[[nodiscard]] std::unique_ptr<service_log> make_log(log_level least, std::string_view target);

// The part of a line behind the number, time or level: `message KEY=value KEY="value with blanks"`; fields
// without a value are left out. Control characters become '?'.
[[nodiscard]] std::string log_text(std::string_view message, std::span<const log_field> fields);

} // namespace hosting
