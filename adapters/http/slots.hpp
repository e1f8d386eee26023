// A bounded number of places, handed out in the order of asking.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

namespace hosting::http {

// Not thread-safe: every call on one strand. Held by shared_ptr, since places outlive their owner's interest.
class slots : public std::enable_shared_from_this<slots> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    // Held while the work goes on; the next in line has it when this is destroyed.
    class place {
    public:
        explicit place(std::shared_ptr<slots> owner) noexcept
            : owner_(std::move(owner)) {}
        place(place&& other) noexcept = default;
        place& operator=(place&&) = delete;
        ~place() {
            if (owner_) owner_->give_back();
        }

    private:
        std::shared_ptr<slots> owner_;
    };

    explicit slots(std::size_t count)
        : free_(count) {}

    // nullopt: none became free until `limit`, or close() was called.
    boost::asio::awaitable<std::optional<place>> take(time_point limit);

    // Whoever waits, or comes later, gets nothing.
    void close();

    [[nodiscard]] bool idle(std::size_t count) const noexcept { return free_ == count && waiting_.empty(); }

private:
    struct waiter;
    void give_back();

    std::size_t free_;
    std::deque<waiter*> waiting_;
    bool closed_ = false;
};

} // namespace hosting::http
