// A request to somebody outside: it arrives, is done and is answered whether or not the one who asked lives.
#pragma once

#include "tests/simulation/ports/life_clock.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace simulation {

// How a request fares.
struct way {
    milliseconds there{}; // until it arrives
    milliseconds back{};  // until the reply does
    milliseconds patience{};
    bool arrives = true;
    bool returns = true;
};

// Where a reply is waited for. The replier holds it by a shared pointer, and may come too late.
template<class T>
class letter_box {
public:
    void put(T reply) {
        reply_ = std::move(reply);
        if (bell_) bell_->ring();
    }
    // nullopt: not in time.
    static asio::awaitable<std::optional<T>> wait(std::shared_ptr<letter_box> box, life_clock& clock,
                                                  milliseconds patience) {
        if (!box->reply_) {
            const auto bell = clock.make_alarm(co_await asio::this_coro::executor);
            const unhook when_gone{*box};
            box->bell_ = bell.get();
            co_await bell->wait_until(clock.steady() + patience);
        }
        co_return std::move(box->reply_);
    }

private:
    struct unhook {
        letter_box& box;
        ~unhook() { box.bell_ = nullptr; }
    };
    std::optional<T> reply_;
    hosting::alarm* bell_ = nullptr;
};

// nullopt: no answer in time; it may have been done.
template<class T>
asio::awaitable<std::optional<T>> ask(scene& s, life_clock& clock, way how, std::function<T()> effect) {
    auto box = std::make_shared<letter_box<T>>();
    if (how.arrives)
        s.time.after(how.there, [&s, box, how, effect = std::move(effect)] {
            T reply = effect();
            if (!how.returns) return;
            s.time.after(how.back, [box, reply = std::move(reply)] { box->put(reply); });
        });
    co_return co_await letter_box<T>::wait(box, clock, how.patience);
}

} // namespace simulation
