#include "daemon/all_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace hosting {

namespace asio = boost::asio;

asio::awaitable<void> all_of(std::vector<asio::awaitable<void>> jobs) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer ended(executor, asio::steady_timer::time_point::max());
    std::size_t left = jobs.size();
    std::exception_ptr broken;
    for (auto& job : jobs)
        asio::co_spawn(executor, std::move(job), [&](const std::exception_ptr& why) {
            if (why) broken = why;
            if (--left == 0) ended.cancel();
        });
    boost::system::error_code cancelled;
    while (left > 0)
        co_await ended.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (broken) std::rethrow_exception(broken);
}

} // namespace hosting
