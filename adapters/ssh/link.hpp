// A live session: the multiplexer fed by its socket and by one timer. Everything happens on one strand; the
// handlers of the pending waits keep the object alive until it is closed.
#pragma once

#include "adapters/ssh/connection.hpp"
#include "adapters/ssh/event.hpp"
#include "adapters/ssh/multiplexer.hpp"

#include <boost/system/error_code.hpp>
#include <memory>
#include <string>

namespace hosting::ssh {

struct link_settings {
    std::size_t channels = 8;
    std::chrono::milliseconds keepalive{30'000};
    std::chrono::milliseconds idle_close{600'000};
    std::chrono::milliseconds longest_life{
        std::chrono::hours{4}};                // then it is replaced, once its commands have ended
    std::chrono::milliseconds farewell{1'000}; // for a polite end
};

class link : public std::enable_shared_from_this<link> {
public:
    // `owner` stays alive as long as the link.
    link(std::unique_ptr<connection>, link_settings, std::shared_ptr<void> owner);
    ~link();

    void start();

    // Takes new commands; false once it is retired, worn out or closed.
    [[nodiscard]] bool usable() const noexcept { return state_ == state::open && !mux_.worn_out(); }

    void submit(std::shared_ptr<operation>);

    // Closes when the commands on it have ended.
    void retire();

    // Ends it now: commands still running are unknown. The socket closes when our last words are sent, or
    // after `farewell`.
    void close(const std::string& why);
    boost::asio::awaitable<void> wait_closed();

private:
    enum class state {
        open,
        retired, // no new commands
        leaving, // our last words are on their way
        closed,
    };

    void pump();
    void after_pump();
    void wait_readable();
    void wait_writable();
    void set_timer();
    void on_timer();
    void on_quiet_data();
    void keep_alive(steady_time now);
    [[nodiscard]] steady_time next_wake() const;
    void leave();
    void break_down(const std::string& why);

    std::unique_ptr<connection> connection_;
    const link_settings settings_;
    std::shared_ptr<void> owner_;
    multiplexer mux_;
    boost::asio::steady_timer timer_;
    event closed_;
    state state_ = state::open;
    bool reading_ = false;
    bool writing_ = false;
    bool pump_posted_ = false;
    steady_time wake_at_ = steady_time::max(); // the timer's, while it runs
    const steady_time born_;
    steady_time last_used_; // by a command
    steady_time last_sent_;
    std::uint64_t sent_before_ = 0; // bytes
};

} // namespace hosting::ssh
