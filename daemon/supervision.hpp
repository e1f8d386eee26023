// What systemd hears of the daemon: ready, status, watchdog, reload, stop.
#pragma once

#include "core/dispatcher.hpp"
#include "core/moment.hpp"
#include "core/status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <string>

namespace hosting {

// For `systemctl status`: "3 running, 12 waiting, 1 server parked; last poll 2 s ago".
[[nodiscard]] std::string status_line(const service_status& s, wall_time now);

// Everything on the executor given, which runs one call at a time.
class supervision {
public:
    supervision(const boost::asio::any_io_executor& strand, dispatcher& work);

    // Tells the status again and again, and feeds the watchdog as long as the control loop answers and is in
    // time. For ever; it ends with its executor. Nothing where systemd does not listen.
    boost::asio::awaitable<void> run();

    [[nodiscard]] boost::asio::any_io_executor strand() { return next_.get_executor(); }

    void polled(); // the first time that is: ready
    static void reloading();
    static void reloaded();
    void stopping();

private:
    boost::asio::awaitable<void> tell();

    dispatcher& work_;
    boost::asio::steady_timer next_;
    bool ready_ = false;
    bool stopping_ = false;
};

} // namespace hosting
