#include "adapters/systemd/notify.hpp"

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <systemd/sd-daemon.h>

namespace hosting::systemd {
namespace {

void tell(const std::string& state) { sd_notify(0, state.c_str()); }

} // namespace

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
    return std::chrono::microseconds(microseconds);
}

bool listens() { return std::getenv("NOTIFY_SOCKET") != nullptr; }

void ready() { tell("READY=1"); }

void status(const std::string& one_line) { tell("STATUS=" + one_line); }

// systemd 253 and later match the READY=1 that follows by this time.
void reloading() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto since = std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
    tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

void stopping() { tell("STOPPING=1"); }

void keep_alive() { tell("WATCHDOG=1"); }

void extend_timeout(std::chrono::microseconds more) {
    tell("EXTEND_TIMEOUT_USEC=" + std::to_string(more.count()));
}

} // namespace hosting::systemd
