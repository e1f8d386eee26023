// One at a time, in the order of arrival.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <memory>
#include <utility>

namespace hosting::cloudpanel {

// All calls on one strand.
class turnstile : public std::enable_shared_from_this<turnstile> {
public:
    // Lets the next one in when it is destroyed.
    class pass {
    public:
        explicit pass(std::shared_ptr<turnstile> gate) noexcept
            : gate_(std::move(gate)) {}
        pass(pass&& other) noexcept
            : gate_(std::exchange(other.gate_, nullptr)) {}
        pass(const pass&) = delete;
        pass& operator=(const pass&) = delete;
        pass& operator=(pass&&) = delete;
        ~pass() {
            if (gate_) gate_->leave();
        }

    private:
        std::shared_ptr<turnstile> gate_;
    };

    boost::asio::awaitable<pass> enter() {
        namespace asio = boost::asio;
        auto self = shared_from_this();
        if (std::exchange(busy_, true)) {
            asio::steady_timer turn(co_await asio::this_coro::executor,
                                    asio::steady_timer::time_point::max());
            waiting_.push_back(&turn);
            co_await turn.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return pass(std::move(self));
    }

private:
    void leave() {
        if (waiting_.empty()) {
            busy_ = false;
            return;
        }
        auto* next = waiting_.front();
        waiting_.pop_front();
        next->cancel(); // busy_ stays: the turn is handed over
    }

    bool busy_ = false;
    std::deque<boost::asio::steady_timer*> waiting_;
};

} // namespace hosting::cloudpanel
