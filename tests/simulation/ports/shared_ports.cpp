#include "tests/simulation/ports/shared_ports.hpp"

#include "core/message_text.hpp"
#include "tests/simulation/ports/shared_times.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace simulation {

using hosting::claim_answer;
using hosting::claim_demand;
using hosting::failure;
using hosting::memories;
using hosting::order_record;
using hosting::result;

namespace {

std::string key_of(const std::string& site_id) { return "site " + site_id; }

// How a request fares that nobody aims at: now and then it takes too long, or its reply is lost.
way usual_or_lost(supabase_link& link, dice& chance) {
    way how = link.usual_way();
    const double roll = chance.unit();
    if (roll < 0.002) how.arrives = false;
    if (roll > 0.998) how.returns = false;
    if (roll > 0.5 && roll < 0.502) how.there = supabase_link::request_timeout + chance.between(0ms, 8s);
    return how;
}

} // namespace

shared_desk::shared_desk(world& w, life_clock& clock, asio::any_io_executor executor, std::string worker)
    : book(clock, std::move(worker), w.settings.lease)
    , out(w, clock, executor)
    , time(clock)
    , world_(w)
    , clock_(clock)
    , link_(w, clock)
    , turns_(executor) {
    asio::co_spawn(executor, renew_for_ever(), asio::detached);
}

// Each third of a lease, where nothing else has done it.
asio::awaitable<void> shared_desk::renew_for_ever() {
    const auto third = book.lease() / 3;
    for (;;) {
        co_await clock_.pass(third);
        co_await turns_.take("leases");
        if (!left_ && !book.is_empty() && clock_.steady() >= book.renewed_at() + third) co_await renew();
        turns_.give("leases");
    }
}

asio::awaitable<void> shared_desk::renew() {
    const auto sent = clock_.steady();
    std::function<std::optional<shared_queue::renewed>()> effect =
        [&w = world_, worker = book.worker(), lease = book.lease()] { return w.queue.renew(worker, lease); };
    const way how = usual_or_lost(link_, world_.now.chance);
    const auto done = co_await link_.request(std::move(effect), how);
    if (!done || !*done) co_return;
    time.told((*done)->now);
    heard(sent, (*done)->held);
}

// What the database holds for us without our knowing, as by a claim whose answer was lost, is given back.
void shared_desk::heard(steady_time sent, const std::map<std::string, std::uint64_t>& held) {
    book.renewed(sent, held);
    for (const auto& [id, token] : held) {
        if (book.token(id) || out.has(key_of(id))) continue;
        out.put(key_of(id), [worker = book.worker(), id = id, token = token](shared_queue& q) {
            q.release(worker, token, id);
        });
    }
}

asio::awaitable<std::optional<failure>> shared_desk::enter() {
    if (number_ > 0) co_return std::nullopt;
    std::function<std::pair<std::uint64_t, wall_time>()> effect = [&w = world_, worker = book.worker()] {
        return std::pair(w.queue.enter(worker), w.queue.now());
    };
    const way how = usual_or_lost(link_, world_.now.chance);
    const auto done = co_await link_.request(std::move(effect), how);
    if (!done) co_return done.error();
    number_ = done->first;
    time.told(done->second);
    co_return std::nullopt;
}

asio::awaitable<result<shared_queue::claimed>> shared_desk::claim(claim_demand wanted) {
    auto failed = co_await out.flush();
    if (failed) co_return std::move(*failed);
    co_await turns_.take("leases");
    auto answer = co_await send_claim(std::move(wanted));
    turns_.give("leases");
    co_return answer;
}

asio::awaitable<result<shared_queue::claimed>> shared_desk::send_claim(claim_demand wanted) {
    auto failed = co_await enter();
    if (failed) co_return std::move(*failed);
    const auto sent = clock_.steady();
    std::function<std::optional<claimed>()> effect = [&w = world_, worker = book.worker(),
                                                      lease = book.lease(), wanted, seen = seen_] {
        return w.queue.claim(worker, wanted, lease, seen);
    };
    const way how = usual_or_lost(link_, world_.now.chance);
    auto done = co_await link_.request(std::move(effect), how);
    if (!done) co_return done.error();
    if (!*done) co_return failure{hosting::errc::supabase_unexpected, "the queue does not know us"};
    time.told((*done)->now);
    for (const auto& row : (*done)->rows)
        book.add(row.row.id, row.token);
    heard(sent, (*done)->held);
    seen_.servers = std::max(seen_.servers, (*done)->seen.servers);
    co_return std::move(**done);
}

std::vector<order_record> shared_desk::unheard(const std::vector<shared_queue::changed_order>& orders,
                                               std::uint64_t upto) {
    std::vector<order_record> fresh;
    for (const auto& each : orders)
        if (each.change > seen_.orders) fresh.push_back(here(time, each.order));
    seen_.orders = std::max(seen_.orders, upto);
    return fresh;
}

// Asked again with the same id, it is one order.
asio::awaitable<result<hosting::memory::order_answer>> shared_desk::order(order_record what) {
    auto failed = co_await enter();
    if (failed) co_return std::move(*failed);
    what.id = id_there(what.id);
    for (bool second = false;; second = true) {
        std::function<shared_queue::ordered()> effect = [&w = world_, what, seen = seen_.orders] {
            return w.queue.order(what, seen);
        };
        const way how = usual_or_lost(link_, world_.now.chance);
        bool lost = false;
        const auto done = co_await link_.request(std::move(effect), how, &lost);
        if (!done && lost && !second) continue;
        if (!done) co_return done.error();
        time.told(done->now);
        hosting::memory::order_answer answer;
        answer.kept = done->kept;
        if (!done->kept) answer.news = unheard(done->news, done->seen_orders);
        co_return answer;
    }
}

asio::awaitable<void> shared_desk::leave() {
    left_ = true;
    const auto ignored = co_await out.flush();
    co_await turns_.take("leases");
    for (unsigned round = 0; round < 2; ++round) {
        std::function<bool()> effect = [&w = world_, worker = book.worker()] {
            w.queue.leave(worker);
            return true;
        };
        const way how = usual_or_lost(link_, world_.now.chance);
        const auto done = co_await link_.request(std::move(effect), how);
        if (done) break;
    }
    turns_.give("leases");
}

asio::awaitable<result<claim_answer>> claims_port::claim(claim_demand wanted) {
    auto got = co_await desk_.claim(std::move(wanted));
    if (!got) co_return got.error();
    claim_answer answer;
    answer.lost = desk_.book.take_lost();
    answer.probes = std::move(got->probes);
    answer.more = got->more;
    for (auto& row : got->rows) {
        if (!desk_.book.token(row.row.id)) continue;
        world_.stories.touched(row.row.id);
        if (row.record) answer.records.push_back(here(desk_.time, std::move(*row.record)));
        answer.rows.push_back(std::move(row.row));
    }
    answer.orders = desk_.unheard(got->orders, got->seen.orders);
    for (auto& each : got->servers)
        answer.servers.push_back(here(desk_.time, std::move(each)));
    for (auto& each : got->incidents)
        answer.incidents.push_back(here(desk_.time, std::move(each)));
    world_.now.log.mix(answer.rows.size());
    co_return answer;
}

void claims_port::give_back(std::string site_id) {
    const auto token = desk_.book.token(site_id);
    if (!token) return;
    desk_.book.forget(site_id);
    const std::string key = key_of(site_id);
    desk_.out.put(key, [worker = desk_.book.worker(), token = *token, site_id](shared_queue& q) {
        q.release(worker, token, site_id);
    });
}

asio::awaitable<void> claims_port::leave() { co_await desk_.leave(); }

asio::awaitable<result<memories>> shared_memory_port::load() {
    claim_demand nothing;
    auto got = co_await desk_.claim(std::move(nothing));
    if (!got) co_return got.error();
    memories all;
    all.orders = desk_.unheard(got->orders, got->seen.orders);
    for (auto& each : got->servers)
        all.servers.push_back(here(desk_.time, std::move(each)));
    for (auto& each : got->incidents)
        all.incidents.push_back(here(desk_.time, std::move(each)));
    all.first_order_id = 1;
    co_return all;
}

void shared_memory_port::keep(hosting::site_record what) {
    const auto token = desk_.book.token(what.site_id);
    if (!token) return;
    desk_.book.forget(what.site_id);
    const std::string key = key_of(what.site_id);
    desk_.out.put(key,
                  [worker = desk_.book.worker(), token = *token, what = there(desk_.time, std::move(what))](
                      shared_queue& q) { q.keep(worker, token, what); });
}

void shared_memory_port::forget_site(std::string site_id) {
    const auto token = desk_.book.token(site_id);
    if (!token) return;
    desk_.book.forget(site_id);
    const std::string key = key_of(site_id);
    desk_.out.put(key, [worker = desk_.book.worker(), token = *token, site_id](shared_queue& q) {
        q.forget(worker, token, site_id);
    });
}

void shared_memory_port::keep(hosting::server_facts what) {
    const std::string key = "server " + what.place;
    desk_.out.put(key, [what = there(desk_.time, std::move(what))](shared_queue& q) { q.keep(what); });
}

void shared_memory_port::keep(hosting::incident_record what) {
    const std::string key = "incident " + what.place;
    desk_.out.put(key, [what = there(desk_.time, std::move(what)),
                        noted = desk_.time.now()](shared_queue& q) { q.keep(what, noted); });
}

void shared_memory_port::forget_incident(std::string place) {
    const std::string key = "incident " + place;
    desk_.out.put(key,
                  [place, noted = desk_.time.now()](shared_queue& q) { q.forget_incident(place, noted); });
}

asio::awaitable<result<hosting::memory::order_answer>> shared_memory_port::keep_order(order_record what) {
    const std::string text = "order " + std::to_string(desk_.id_there(what.id)) + " for " + what.domain;
    const auto done = co_await desk_.order(std::move(what));
    world_.now.say(text + (!done        ? ": " + done.error().detail
                           : done->kept ? " noted"
                                        : ": others came first"));
    co_return done;
}

void shared_memory_port::end_order(order_record what) {
    what.id = desk_.id_there(what.id);
    world_.now.say("order " + std::to_string(what.id) +
                   " ends: " + std::to_string(static_cast<int>(what.end)));
    const std::string key = "order " + std::to_string(what.id);
    desk_.out.put(key, [what = there(desk_.time, std::move(what))](shared_queue& q) { q.end_order(what); });
}

asio::awaitable<void> shared_memory_port::flush() { const auto ignored = co_await desk_.out.flush(); }

} // namespace simulation
