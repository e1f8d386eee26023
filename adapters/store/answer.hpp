// How the store's thread answers a coroutine.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

namespace hosting::store {

// To be called once, from any thread; the coroutine goes on on its own executor, which is kept busy until
// then.
template<class T>
using answer = std::function<void(T)>;

template<class T>
struct asking {
    template<class Handler>
    void operator()(Handler handler, std::function<void(answer<T>)> ask) const {
        const auto executor = boost::asio::get_associated_executor(handler, otherwise);
        auto waiting = std::make_shared<Handler>(std::move(handler));
        auto busy = boost::asio::make_work_guard(executor);
        ask([waiting = std::move(waiting), busy = std::move(busy)](T value) {
            boost::asio::post(busy.get_executor(), [waiting, value = std::move(value)]() mutable {
                std::move (*waiting)(std::move(value));
            });
        });
    }
    boost::asio::any_io_executor otherwise;
};

// Calls `ask` with an answer to be called, when awaited.
template<class T>
boost::asio::awaitable<T> ask_and_wait(const boost::asio::any_io_executor& otherwise,
                                       std::function<void(answer<T>)> ask) {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void(T)>(
        asking<T>{otherwise}, boost::asio::use_awaitable, std::move(ask));
}

} // namespace hosting::store
