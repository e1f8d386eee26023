// A one-shot notification between coroutines of one strand. A steady_timer is both the deadline and the
// signal, and the waiter looks at the flag. Not thread-safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace hosting::ssh {

class event {
public:
    using time_point = boost::asio::steady_timer::time_point;

    explicit event(const boost::asio::any_io_executor& strand)
        : timer_(strand, time_point::max()) {}

    void set() {
        set_ = true;
        timer_.cancel();
    }
    void reset() { set_ = false; }
    [[nodiscard]] bool is_set() const noexcept { return set_; }

    // Returns when the event is set or the time has come, whichever is first. Several may wait where none
    // names a time.
    boost::asio::awaitable<void> wait(time_point until = time_point::max());

private:
    boost::asio::steady_timer timer_;
    bool set_ = false;
};

} // namespace hosting::ssh
