#include "tests/simulation/ports/outbox.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace simulation {

using hosting::failure;

namespace {

constexpr auto batch_within = 100ms;
constexpr auto next_try = 5s;

} // namespace

outbox::outbox(world& w, life_clock& clock, asio::any_io_executor executor)
    : world_(w)
    , clock_(clock)
    , link_(w, clock)
    , executor_(executor)
    , turns_(std::move(executor)) {}

void outbox::put(std::string key, write what) {
    std::erase_if(waiting_, [&](const waiting& w) { return w.key == key; });
    waiting_.push_back({next_number_++, std::move(key), std::move(what)});
    if (std::exchange(writing_, true)) return;
    asio::co_spawn(executor_, write_all(), asio::detached);
}

bool outbox::has(const std::string& key) const {
    return std::ranges::find(waiting_, key, &waiting::key) != waiting_.end();
}

asio::awaitable<void> outbox::write_all() {
    co_await clock_.pass(batch_within);
    while (!waiting_.empty()) {
        const auto failed = co_await flush();
        if (failed) co_await clock_.pass(next_try);
    }
    writing_ = false;
}

asio::awaitable<std::optional<failure>> outbox::flush() {
    co_await turns_.take("batch");
    auto failed = co_await send();
    turns_.give("batch");
    co_return failed;
}

asio::awaitable<std::optional<failure>> outbox::send() {
    if (waiting_.empty()) co_return std::nullopt;
    const auto last = waiting_.back().number;
    std::function<bool()> effect = [&w = world_, batch = waiting_] {
        for (const auto& each : batch)
            each.what(w.queue);
        return true;
    };
    const way how = link_.usual_way();
    const auto done = co_await link_.request(std::move(effect), how);
    if (!done) co_return done.error();
    std::erase_if(waiting_, [&](const waiting& w) { return w.number <= last; });
    co_return std::nullopt;
}

} // namespace simulation
