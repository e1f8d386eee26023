// journald's native protocol: a line with fields of its own.
#pragma once

#include "core/ports/log.hpp"

#include <span>
#include <string_view>

namespace hosting::systemd {

// Whether stderr is the journal's, so that native lines go where its would: its device and inode are those
// that systemd names in JOURNAL_STREAM. The variable alone says nothing: it is inherited behind a
// redirection, too.
[[nodiscard]] bool stderr_is_journal();

// Whether somebody listens on journald's socket: where nobody does, sending "succeeds" all the same.
[[nodiscard]] bool journal_is_there();

// Sends one line, with the program's name as SYSLOG_IDENTIFIER. False: it was not taken. Thread-safe.
[[nodiscard]] bool send_to_journal(log_level level, std::string_view message,
                                   std::span<const log_field> fields);

} // namespace hosting::systemd
