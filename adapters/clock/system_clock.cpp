#include "adapters/clock/system_clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <random>

namespace hosting {
namespace {

namespace asio = boost::asio;

class timer_alarm final : public alarm {
public:
    explicit timer_alarm(const asio::any_io_executor& executor)
        : bell_(std::make_shared<bell>(executor)) {}
    ~timer_alarm() override { bell_->timer.cancel(); }

    asio::awaitable<void> wait_until(steady_time when) override { return wait(bell_, when); }

    void ring() override {
        bell_->rung = true;
        bell_->timer.cancel();
    }

private:
    struct bell {
        explicit bell(const asio::any_io_executor& executor)
            : timer(executor) {}
        asio::steady_timer timer;
        bool rung = false;
    };

    static asio::awaitable<void> wait(std::shared_ptr<bell> of, steady_time when) {
        if (!of->rung) {
            boost::system::error_code ignored; // both ends of the wait are ends
            of->timer.expires_at(when);
            co_await of->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        of->rung = false;
    }

    std::shared_ptr<bell> bell_;
};

class machine_clock final : public clock {
public:
    moment now() override {
        return {std::chrono::steady_clock::now(), std::chrono::system_clock::now(), roll()};
    }
    std::unique_ptr<alarm> make_alarm(asio::any_io_executor executor) override {
        return std::make_unique<timer_alarm>(executor);
    }

private:
    double roll() {
        const std::lock_guard lock(mutex_);
        return std::uniform_real_distribution<double>()(dice_);
    }

    std::mutex mutex_;
    std::mt19937_64 dice_{std::random_device()()};
};

} // namespace

std::unique_ptr<clock> make_system_clock() { return std::make_unique<machine_clock>(); }

} // namespace hosting
