// One step at a time on each server, in the order of arrival.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace hosting {

// All calls on one strand.
class server_turns {
public:
    explicit server_turns(boost::asio::any_io_executor strand)
        : strand_(std::move(strand)) {}

    // False: there is no turn any more.
    boost::asio::awaitable<bool> take(std::string place) {
        if (ended_) co_return false;
        const auto [at, free] = queues_.try_emplace(std::move(place));
        if (free) co_return true;
        waiting turn{boost::asio::steady_timer(strand_, boost::asio::steady_timer::time_point::max())};
        at->second.push_back(&turn);
        co_await turn.alarm.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        co_return turn.has_come;
    }

    void give(const std::string& place) {
        const auto at = queues_.find(place);
        if (at->second.empty()) {
            queues_.erase(at);
            return;
        }
        waiting* next = at->second.front();
        at->second.pop_front();
        next->has_come = true;
        next->alarm.cancel(); // the place stays taken: the turn is handed over
    }

    // Who waits, waits no longer; who has the turn still gives it.
    void end() {
        ended_ = true;
        for (auto& [place, queue] : queues_)
            for (waiting* one : std::exchange(queue, {}))
                one->alarm.cancel();
    }

private:
    struct waiting {
        boost::asio::steady_timer alarm;
        bool has_come = false;
    };

    boost::asio::any_io_executor strand_;
    std::map<std::string, std::deque<waiting*>> queues_; // of the places that are taken
    bool ended_ = false;
};

} // namespace hosting
