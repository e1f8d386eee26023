// One coroutine at a time, in no promised order. On one strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace hosting::shared_queue {

class turnstile {
public:
    explicit turnstile(const boost::asio::any_io_executor& strand)
        : free_(strand, boost::asio::steady_timer::time_point::max()) {}

    class turn {
    public:
        explicit turn(turnstile& of)
            : of_(&of) {}
        turn(turn&& other) noexcept
            : of_(std::exchange(other.of_, nullptr)) {}
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() {
            if (!of_) return;
            of_->taken_ = false;
            of_->free_.cancel_one();
        }

    private:
        turnstile* of_;
    };

    boost::asio::awaitable<turn> take() {
        while (taken_)
            co_await free_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        taken_ = true;
        co_return turn(*this);
    }

private:
    boost::asio::steady_timer free_;
    bool taken_ = false;
};

} // namespace hosting::shared_queue
