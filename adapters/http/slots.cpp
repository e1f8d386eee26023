#include "adapters/http/slots.hpp"

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hosting::http {

namespace asio = boost::asio;

// Lives in the waiting coroutine's frame and leaves the queue with it, also when that frame is destroyed
// unfinished.
struct slots::waiter {
    std::shared_ptr<slots> owner;
    asio::steady_timer timer;
    bool granted = false;

    waiter(std::shared_ptr<slots> of, const asio::any_io_executor& executor)
        : owner(std::move(of))
        , timer(executor) {
        owner->waiting_.push_back(this);
    }
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;
    ~waiter() { std::erase(owner->waiting_, this); }
};

asio::awaitable<std::optional<slots::place>> slots::take(time_point limit) {
    if (closed_) co_return std::nullopt;
    if (free_ > 0) {
        --free_;
        co_return place(shared_from_this());
    }
    auto executor = co_await asio::this_coro::executor;
    waiter turn(shared_from_this(), executor);
    turn.timer.expires_at(limit);
    boost::system::error_code ignored;
    co_await turn.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!turn.granted) co_return std::nullopt;
    co_return place(shared_from_this());
}

void slots::give_back() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    waiter* next = waiting_.front();
    waiting_.pop_front();
    next->granted = true;
    next->timer.cancel();
}

void slots::close() {
    closed_ = true;
    for (waiter* each : waiting_)
        each->timer.cancel();
}

} // namespace hosting::http
