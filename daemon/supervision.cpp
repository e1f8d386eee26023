#include "daemon/supervision.hpp"

#include "adapters/systemd/notify.hpp"
#include "core/message_text.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hosting {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::chrono::microseconds longest_pause = 5s;
constexpr std::chrono::milliseconds too_late = 30s; // behind what is due, the control loop hangs
constexpr auto breath = 3 * longest_pause;          // what systemd is asked for at a time

// Three times within the watchdog's time: one that comes late does no harm.
std::chrono::microseconds pause() {
    const auto watchdog = systemd::watchdog_interval();
    return watchdog ? std::min(longest_pause, *watchdog / 3) : longest_pause;
}

std::string counted(std::size_t n, std::string_view what) {
    return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

} // namespace

std::string status_line(const service_status& s, wall_time now) {
    std::string text = std::to_string(s.sites.running) + " running, " +
                       std::to_string(s.sites.ready + s.sites.sleeping) + " waiting";
    const auto parked =
        std::ranges::count_if(s.servers, [](const auto& one) { return one.cause.has_value(); });
    if (parked > 0) text += ", " + counted(static_cast<std::size_t>(parked), "server") + " parked";
    if (s.stopping) return "stopping: " + text;
    if (s.supabase_away) text += "; Supabase cannot be used";
    if (!s.last_poll) return text + "; no poll was answered yet";
    const auto ago = std::chrono::floor<std::chrono::seconds>(now - *s.last_poll);
    return text + "; last poll " + (ago < 1s ? "0 s" : duration_text(ago)) + " ago";
}

supervision::supervision(const asio::any_io_executor& strand, dispatcher& work)
    : work_(work)
    , next_(strand) {}

asio::awaitable<void> supervision::run() {
    if (!systemd::listens()) co_return;
    for (;;) {
        co_await tell();
        next_.expires_after(pause());
        co_await next_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

// The answer comes from the control strand: where that hangs, nothing is told, and the watchdog bites.
asio::awaitable<void> supervision::tell() {
    const auto now = co_await work_.status();
    systemd::status(status_line(now, std::chrono::system_clock::now()));
    if (now.late < too_late) systemd::keep_alive();
    if (!ready_ || stopping_) systemd::extend_timeout(breath);
}

void supervision::polled() {
    if (!ready_) systemd::ready();
    ready_ = true;
}

void supervision::reloading() { systemd::reloading(); }

void supervision::reloaded() { systemd::ready(); }

void supervision::stopping() {
    stopping_ = true;
    systemd::stopping();
    next_.cancel();
}

} // namespace hosting
