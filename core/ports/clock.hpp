// Port: time and chance. Implemented by adapters/clock with the machine's, by the simulation with virtual
// ones.
#pragma once

#include "core/moment.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace hosting {

// Wakes one waiter. All calls on the executor it was made for.
class alarm {
public:
    virtual ~alarm() = default;

    // Returns at `when` (time_point::max(): never by itself), or when it is rung, if that is sooner.
    virtual boost::asio::awaitable<void> wait_until(steady_time when) = 0;

    // Ends the wait that is under way, or else the next one. Ringing twice is ringing once.
    virtual void ring() = 0;
};

// Thread-safe.
class clock {
public:
    virtual ~clock() = default;
    [[nodiscard]] virtual moment now() = 0;
    [[nodiscard]] virtual std::unique_ptr<alarm> make_alarm(boost::asio::any_io_executor executor) = 0;
};

} // namespace hosting
