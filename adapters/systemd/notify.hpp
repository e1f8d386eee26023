// What systemd is told of a Type=notify service (sd_notify(3)). All of it is silence where nobody listens.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace hosting::systemd {

// Within which time systemd wants to hear keep_alive() again (WatchdogSec=); nullopt: it does not watch us.
[[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval();

[[nodiscard]] bool listens();

void ready();
void status(const std::string& one_line); // what `systemctl status` shows
void reloading();                         // ready() ends it
void stopping();
void keep_alive();
// Starting or stopping may take that much longer, from now on.
void extend_timeout(std::chrono::microseconds more);

} // namespace hosting::systemd
