#include "daemon/progress.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <iostream>
#include <unistd.h>

namespace hosting {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::string_view empty_line = "\r\033[K";

} // namespace

std::string progress_text(const service_status& s) {
    const auto done = s.active + s.failed;
    const auto all = done + s.sites.running + s.sites.ready + s.sites.sleeping;
    return std::to_string(done) + " of " + std::to_string(all) + " done: " + std::to_string(s.active) +
           " active, " + std::to_string(s.failed) + " failed; " + std::to_string(s.sites.running) +
           " running";
}

progress::progress(const asio::any_io_executor& strand, dispatcher& work)
    : work_(work)
    , next_(strand)
    , terminal_(isatty(STDOUT_FILENO) == 1) {}

asio::awaitable<void> progress::run() {
    const std::chrono::milliseconds pause = terminal_ ? 500ms : 30s;
    while (!ended_) {
        next_.expires_after(pause);
        co_await next_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (ended_) break;
        const auto now = co_await work_.status();
        if (ended_) break;
        // The cursor goes back, so that a line of the log takes the place.
        if (terminal_)
            std::cout << empty_line << progress_text(now) << '\r' << std::flush;
        else
            std::cout << progress_text(now) << std::endl;
    }
}

void progress::end() {
    ended_ = true;
    next_.cancel();
    if (terminal_) std::cout << empty_line << std::flush;
}

} // namespace hosting
