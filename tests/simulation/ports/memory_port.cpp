#include "tests/simulation/ports/memory_port.hpp"

#include "core/message_text.hpp"

namespace simulation {

using hosting::errc;
using hosting::failure;
using hosting::memories;
using hosting::order_record;
using hosting::result;

namespace {

constexpr auto batch_within = 100ms;
constexpr auto next_try = 10s;
constexpr auto orders_kept = std::chrono::hours(8 * 24);

template<class Kept>
void put(Kept& into, std::map<typename Kept::key_type, std::optional<typename Kept::mapped_type>>& waiting) {
    for (auto& [key, value] : waiting) {
        if (value)
            into[key] = std::move(*value);
        else
            into.erase(key);
    }
    waiting.clear();
}

} // namespace

asio::awaitable<result<memories>> memory_port::load() {
    co_await clock_.pass(20ms);
    if (fails()) {
        world_.memory_lost();
        co_return failure{errc::memory_unusable, "the state folder cannot be read"};
    }
    const auto oldest = clock_.wall() - orders_kept;
    memories all;
    for (const auto& [id, s] : state().sites)
        all.sites.push_back(s);
    for (const auto& [id, o] : state().orders)
        if (o.at > oldest) all.orders.push_back(o);
    for (const auto& [place, s] : state().servers)
        all.servers.push_back(s);
    for (const auto& [place, i] : state().incidents)
        all.incidents.push_back(i);
    co_return all;
}

void memory_port::keep(hosting::site_record what) {
    sites_[what.site_id] = std::move(what);
    write_soon();
}
void memory_port::forget_site(std::string site_id) {
    sites_[site_id] = std::nullopt;
    write_soon();
}
void memory_port::keep(hosting::server_facts what) {
    servers_[what.place] = std::move(what);
    write_soon();
}
void memory_port::keep(hosting::incident_record what) {
    incidents_[what.place] = std::move(what);
    write_soon();
}
void memory_port::forget_incident(std::string place) {
    incidents_[place] = std::nullopt;
    write_soon();
}
void memory_port::end_order(order_record what) {
    world_.now.say("order " + std::to_string(what.id) +
                   " ends: " + std::to_string(static_cast<int>(what.end)));
    orders_[what.id] = std::move(what);
    write_soon();
}

asio::awaitable<result<hosting::memory::order_answer>> memory_port::keep_order(order_record what) {
    co_await clock_.pass(world_.now.chance.between(1ms, 10ms));
    if (fails()) {
        world_.order_unrecorded = true;
        co_return failure{errc::memory_unusable, "the state folder cannot be written"};
    }
    world_.now.say("order " + std::to_string(what.id) + " noted: " + what.domain + ", dated " +
                   hosting::utc_text(what.at));
    state().newest_order = what.at;
    state().newest_order_seen = world_.now.time.now();
    const auto id = what.id;
    if (world_.settings.broken != broken_rule::order_not_recorded) state().orders[id] = std::move(what);
    co_await clock_.pass(world_.now.chance.between(1ms, 10ms));
    co_return order_answer();
}

asio::awaitable<void> memory_port::flush() {
    co_await clock_.pass(10ms);
    write();
}

void memory_port::write_soon() {
    if (!writing_)
        writing_ = world_.now.time.after(batch_within, [this] {
            writing_.reset();
            write();
        });
}

void memory_port::write() {
    if (fails()) {
        if (!writing_)
            writing_ = world_.now.time.after(next_try, [this] {
                writing_.reset();
                write();
            });
        return;
    }
    disk& to = state();
    put(to.sites, sites_);
    put(to.incidents, incidents_);
    for (auto& [place, facts] : servers_)
        to.servers[place] = std::move(facts);
    servers_.clear();
    const bool forgets = world_.settings.broken == broken_rule::order_not_recorded;
    for (auto& [id, o] : orders_)
        if (!forgets) to.orders[id] = std::move(o);
    orders_.clear();
    const auto oldest = world_.now.true_wall() - 2 * orders_kept;
    while (!to.orders.empty() && to.orders.begin()->second.at < oldest)
        to.orders.erase(to.orders.begin());
}

} // namespace simulation
