#include "tests/simulation/ports/analytics_port.hpp"

#include <algorithm>

namespace simulation {

using hosting::errc;
using hosting::failure;
using hosting::result;
using hosting::stage;

namespace {

constexpr auto request_timeout = 30s;
constexpr auto patience_after_loss = 2s;
constexpr auto silence = 1h;

failure unreachable() { return {errc::matomo_unreachable, "Matomo cannot be reached"}; }
failure silent() { return {errc::matomo_refused, "Matomo refused the token; it is not asked for an hour"}; }

} // namespace

way analytics_port::usual_way() {
    way how;
    how.there = world_.now.chance.between(5ms, 40ms);
    how.back = world_.now.chance.between(5ms, 20ms);
    how.patience = request_timeout;
    return how;
}

failure analytics_port::be_silent() {
    silent_until_ = clock_.steady() + silence;
    proved_ = false;
    return silent();
}

asio::awaitable<result<analytics_port::maybe_id>> analytics_port::request(std::function<maybe_id()> effect,
                                                                          way how, bool* lost) {
    if (clock_.steady() < silent_until_) co_return silent();
    if (world_.statistics.is_down()) {
        const bool hangs = world_.now.chance.chance(0.3);
        co_await clock_.pass(hangs ? request_timeout : how.there);
        if (lost) *lost = hangs;
        co_return unreachable();
    }
    if (!world_.statistics.takes_token()) {
        co_await clock_.pass(how.there);
        co_return be_silent();
    }
    const auto reply = co_await ask(world_.now, clock_, how, std::move(effect));
    if (reply) co_return *reply;
    if (lost) *lost = true;
    co_return unreachable();
}

// New credentials are proved by one harmless call.
asio::awaitable<std::optional<failure>> analytics_port::prove() {
    if (proved_) co_return std::nullopt;
    std::function<maybe_id()> nothing = [] { return maybe_id(); };
    const way how = usual_way();
    const auto allowed = co_await request(std::move(nothing), how);
    if (!allowed) co_return allowed.error();
    proved_ = true;
    co_return std::nullopt;
}

asio::awaitable<result<analytics_port::maybe_id>> analytics_port::look_up(std::string domain) {
    std::function<maybe_id()> look = [&w = world_, domain] { return w.statistics.find(domain); };
    const way how = usual_way();
    co_return co_await request(std::move(look), how);
}

asio::awaitable<result<analytics_port::maybe_id>> analytics_port::find_half_made(std::string domain) {
    const auto whole = co_await look_up(domain);
    if (!whole || *whole) co_return whole;
    std::function<maybe_id()> look = [&w = world_, domain] { return w.statistics.find_half_made(domain); };
    const way how = usual_way();
    const auto half = co_await request(std::move(look), how);
    if (!half || !*half) co_return half;
    std::function<maybe_id()> complete = [&w = world_, domain, id = **half] {
        w.statistics.complete(id, domain);
        return maybe_id(id);
    };
    const way again = usual_way();
    const auto ignored = co_await request(std::move(complete), again);
    co_return half;
}

asio::awaitable<result<std::optional<std::int64_t>>> analytics_port::find(std::string domain) {
    auto failed = co_await prove();
    if (failed) co_return std::move(*failed);
    co_return co_await look_up(std::move(domain));
}

asio::awaitable<result<std::int64_t>> analytics_port::ensure(std::string domain) {
    const std::string id = world_.site_with(domain);
    auto* at = world_.machine_of(id);
    const begun_call c(world_, clock_.daemon(), stage::analytics, id, at ? at->address : std::string());
    world_.stories.touched(id);
    const auto others = [&](const call_ptr& other) {
        return other->site == id && other->at == stage::analytics && other->daemon != clock_.daemon();
    };
    if (world_.is_shared() &&
        (world_.statistics.is_late(domain) || std::ranges::any_of(world_.matter.calls(), others)))
        world_.statistics.two_at_once(domain);
    call_ptr same = c.get();
    const auto done = co_await look_and_add(std::move(same), std::move(domain));
    world_.stories.touched(id);
    if (!done) co_return c.failed(done.error());
    c.answered();
    co_return done;
}

asio::awaitable<result<std::int64_t>> analytics_port::look_and_add(call_ptr c, std::string domain) {
    if (c->fate == fault::refused) co_return be_silent();
    if (c->fate == fault::unreachable || c->fate == fault::no_room) {
        co_await clock_.pass(100ms);
        co_return unreachable();
    }
    if (c->fate == fault::slow) co_await clock_.pass(25s);
    auto failed = co_await prove();
    if (failed) co_return std::move(*failed);
    const auto found = co_await find_half_made(domain);
    if (!found) co_return found.error();
    if (c->fate == fault::fails || c->fate == fault::odd_answer) {
        c->is_done();
        co_return failure{errc::matomo_unexpected, "Matomo answers what no page describes"};
    }
    const bool blind = world_.settings.broken == broken_rule::added_without_lookup;
    if (*found && !blind) {
        c->is_done();
        co_return **found;
    }
    co_return co_await add(std::move(c), std::move(domain));
}

// The call's fate strikes the first of the two tries.
asio::awaitable<result<std::int64_t>> analytics_port::add(call_ptr c, std::string domain) {
    for (bool second = false;; second = true) {
        bool lost = false;
        const auto added = co_await add_once(c, domain, &lost);
        if (added) co_return **added;
        if (!lost) co_return added.error();
        auto found = co_await find_half_made(domain);
        if (!found) co_return found.error();
        if (*found) co_return **found;
        if (second) co_return added.error();
        co_await clock_.pass(patience_after_loss);
        found = co_await find_half_made(domain);
        if (!found) co_return found.error();
        if (*found) co_return **found;
    }
}

asio::awaitable<result<analytics_port::maybe_id>> analytics_port::add_once(call_ptr c, std::string domain,
                                                                           bool* lost) {
    const auto fate = std::exchange(c->fate, std::nullopt);
    way how = usual_way();
    if (fate == fault::lost_before) how.arrives = false;
    if (fate == fault::lost_after) how.returns = false;
    // It is found by the second look, at the latest: Matomo goes on, but not for ever.
    if (fate == fault::overrun) how.there = request_timeout + 1s;
    const bool late = fate == fault::overrun;
    if (late) world_.statistics.late_add_begins(domain);
    const bool dies = fate == fault::lost_after && c->where < 0.3;
    std::function<maybe_id()> insert = [this_world = &world_, domain, dies, late, c]() -> maybe_id {
        maybe_id id;
        if (late) this_world->statistics.late_add_ends(domain);
        if (dies)
            this_world->statistics.add_half(domain);
        else
            id = this_world->statistics.add(domain);
        c->is_done();
        return id;
    };
    co_return co_await request(std::move(insert), how, lost);
}

} // namespace simulation
