#include "adapters/ssh/event.hpp"

#include "adapters/ssh/tokens.hpp"

namespace hosting::ssh {

boost::asio::awaitable<void> event::wait(time_point until) {
    while (!set_ && event::time_point::clock::now() < until) {
        if (timer_.expiry() != until) timer_.expires_at(until);
        co_await timer_.async_wait(as_tuple_awaitable);
    }
}

} // namespace hosting::ssh
