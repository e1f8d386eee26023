// How far a run with --once is, for whoever waits for it.
#pragma once

#include "core/dispatcher.hpp"
#include "core/status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

namespace hosting {

// "12 of 400 done: 11 active, 1 failed; 8 running"
[[nodiscard]] std::string progress_text(const service_status& s);

// On stdout: on a terminal one line that is written over twice a second, elsewhere a line every half minute.
// Everything on the executor given, which runs one call at a time.
class progress {
public:
    progress(const boost::asio::any_io_executor& strand, dispatcher& work);

    [[nodiscard]] boost::asio::any_io_executor strand() { return next_.get_executor(); }

    boost::asio::awaitable<void> run(); // until end()
    void end();                         // from then on stdout is the caller's

private:
    dispatcher& work_;
    boost::asio::steady_timer next_;
    bool terminal_;
    bool ended_ = false;
};

} // namespace hosting
