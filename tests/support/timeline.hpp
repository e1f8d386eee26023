// What is to happen when, in a world whose time passes only when somebody lets it.
#pragma once

#include "core/ports/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace tests {

namespace asio = boost::asio;

// Not thread-safe. Of two events at the same time the one that was put down first comes first.
class timeline {
public:
    using entries = std::multimap<hosting::steady_time, std::function<void()>>;
    using entry = entries::iterator;

    [[nodiscard]] hosting::steady_time now() const noexcept { return now_; }

    entry at(hosting::steady_time when, std::function<void()> what) {
        return entries_.emplace(when, std::move(what));
    }
    entry after(std::chrono::milliseconds delay, std::function<void()> what) {
        return at(now_ + delay, std::move(what));
    }
    void cancel(entry which) { entries_.erase(which); }

    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] hosting::steady_time next() const { return std::max(now_, entries_.begin()->first); }

    // Goes on to the next event, and lets it happen. There must be one.
    void step() {
        now_ = next();
        const auto event = entries_.extract(entries_.begin());
        event.mapped()();
    }

private:
    hosting::steady_time now_{std::chrono::hours(1'000)};
    entries entries_;
};

// `ahead`: what the clock of whoever waits shows more than the timeline.
class timeline_alarm final : public hosting::alarm {
public:
    timeline_alarm(timeline& of, const asio::any_io_executor& executor,
                   hosting::steady_time::duration ahead = {})
        : of_(of)
        , ahead_(ahead)
        , timer_(executor, asio::steady_timer::time_point::max()) {}
    timeline_alarm(const timeline_alarm&) = delete;
    timeline_alarm& operator=(const timeline_alarm&) = delete;
    ~timeline_alarm() override { forget(); }

    asio::awaitable<void> wait_until(hosting::steady_time when) override {
        const bool for_ever = when == hosting::steady_time::max();
        if (!rung_ && (for_ever || when - ahead_ > of_.now())) {
            if (!for_ever) at_ = of_.at(when - ahead_, [this] { wake(); });
            listed_ = !for_ever;
            waiting_ = true;
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
            waiting_ = false;
        }
        rung_ = false;
    }

    void ring() override {
        rung_ = true;
        forget();
        if (waiting_) timer_.cancel();
    }

private:
    // Its time has come, and it does not stand in the timeline any more.
    void wake() {
        listed_ = false;
        timer_.cancel();
    }
    void forget() {
        if (listed_) of_.cancel(at_);
        listed_ = false;
    }

    timeline& of_;
    hosting::steady_time::duration ahead_;
    asio::steady_timer timer_;
    timeline::entry at_;
    bool listed_ = false;
    bool waiting_ = false;
    bool rung_ = false;
};

} // namespace tests
