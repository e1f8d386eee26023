#include "core/server_desk.hpp"

#include "core/message_text.hpp"
#include "core/server_choice.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hosting {
namespace {

namespace asio = boost::asio;

// What a failed step says of the server it was for.
enum class word { none, answered, panel_worked, failed };

word word_of(const failure& why) {
    if (concerns_server(why.code)) return word::failed;
    if (scope_of(why.code) == failure_scope::supabase) return word::none;
    switch (why.code) {
    case errc::ssh_outcome_unknown:
    case errc::server_unknown:
    case errc::memory_unusable:
    case errc::internal: return word::none;
    case errc::cert_dns:
    case errc::cert_validation:
    case errc::cert_rate_limit:
    case errc::cert_account:
    case errc::cert_not_good: return word::panel_worked;
    default: return word::answered; // by a refusal, a limit, or odd words: but by it
    }
}

std::string down_text(const failure& why) {
    return "the server cannot be used now, its sites wait: " + why.detail;
}

} // namespace

server_desk::server_desk(asio::any_io_executor strand, scheduler& sites, site_ports ports,
                         std::size_t orders_per_server_per_3h, std::function<void()> changed)
    : strand_(std::move(strand))
    , sites_(sites)
    , ports_(ports)
    , budgets_(orders_per_server_per_3h)
    , changed_(std::move(changed))
    , turns_(strand_)
    , anchor_(ports_.time.now()) {}

asio::awaitable<step_permit> server_desk::begin_step(server where, std::string site_id) {
    return asio::co_spawn(strand_, take_turn(std::move(where), std::move(site_id)), asio::use_awaitable);
}

void server_desk::end_step(const server& where, const std::string& site_id, const result<void>& how,
                           bool panel_worked) {
    asio::post(strand_,
               [this, where, site_id, how, panel_worked] { note_step(where, site_id, how, panel_worked); });
}

asio::awaitable<result<std::uint64_t>> server_desk::begin_order(server where, std::string domain) {
    return asio::co_spawn(strand_, place_order(std::move(where), std::move(domain)), asio::use_awaitable);
}

asio::awaitable<std::optional<wall_time>> server_desk::end_order(std::uint64_t number, order_end how,
                                                                 std::optional<wall_time> not_before) {
    return asio::co_spawn(strand_, settle_order(number, how, not_before), asio::use_awaitable);
}

void server_desk::restore(std::vector<order_record> orders, std::uint64_t first_order_id) {
    anchor_ = ports_.time.now();
    for (const auto& order : orders)
        anchor_.wall = std::max(anchor_.wall, order.at);
    budgets_.restore(std::move(orders), first_order_id);
}

void server_desk::adopt(const std::vector<incident_record>& incidents) {
    // Else the rows of a server that was moved would wait for the place that they have left.
    for (const auto& known : incidents)
        if (is_left(known)) ports_.store.forget_incident(known.place);
    sites_.adopt(incidents, told_since_claim_, ports_.time.now());
}

void server_desk::learn(std::vector<order_record> orders) {
    learned_ += orders.size();
    const moment at = ports_.time.now();
    const wall_time now = calendar(at);
    for (auto& order : orders) {
        order.at = now + (order.at - at.wall);
        if (order.not_before) order.not_before = now + (*order.not_before - at.wall);
        budgets_.learn(std::move(order), now);
    }
}

wall_time server_desk::calendar(const moment& now) const {
    return anchor_.wall + std::chrono::duration_cast<wall_time::duration>(now.steady - anchor_.steady);
}

void server_desk::set_servers(std::vector<server> servers, const std::string& default_server,
                              wall_time as_of) {
    places_as_of_ = as_of;
    std::map<std::string, scheduler::destination> destinations;
    for (const auto& s : servers)
        if (!s.address.empty()) destinations.emplace(s.id, scheduler::destination{place_of(s), !s.active});
    // Rows that name no server stand together.
    if (const auto usual = choose_server(std::nullopt, servers, default_server); usual)
        destinations.emplace("", scheduler::destination{place_of(*usual), !usual->active});
    place_of_rows_.clear();
    for (const auto& [id, to] : destinations)
        place_of_rows_.emplace(id, to.place);
    note_paused(servers);
    servers_ = std::make_shared<const std::vector<server>>(std::move(servers));
    sites_.set_destinations(std::move(destinations), ports_.time.now());
}

// One line when a server is paused, one when it goes on.
void server_desk::note_paused(const std::vector<server>& servers) {
    for (const auto& s : servers) {
        if (!s.active && paused_.insert(s.id).second)
            line(log_level::info, "the server is paused (is_active is false): its sites wait", s);
        else if (s.active && paused_.erase(s.id) > 0)
            line(log_level::info, "the server is active again", s);
    }
}

void server_desk::stop() {
    stopping_ = true;
    turns_.end();
}

asio::awaitable<step_permit> server_desk::take_turn(server where, std::string site_id) {
    const std::string place = place_of(where);
    const bool ours = co_await turns_.take(place);
    if (!ours) co_return step_permit{step_permit::kind::stopping, {}};
    auto permit = judge(where, site_id);
    if (permit.what != step_permit::kind::go) turns_.give(place);
    co_return permit;
}

step_permit server_desk::judge(const server& where, const std::string& site_id) {
    using enum step_permit::kind;
    if (stopping_) return {stopping, {}};
    if (ports_.shared && !ports_.shared->held(site_id)) return {not_ours, {}};
    const auto row = std::ranges::find(*servers_, where.id, &server::id);
    if (row == servers_->end() || place_of(*row) != place_of(where)) return {moved, {}};
    if (!row->active) return {paused, {}};
    if (const failure* why = sites_.standing_failure(place_of(where), site_id)) return {unusable, *why};
    return {go, {}};
}

void server_desk::note_step(const server& where, const std::string& site_id, const result<void>& how,
                            bool panel_worked) {
    turns_.give(place_of(where));
    switch (how ? word::answered : word_of(how.error())) {
    case word::none: break;
    case word::answered: note_answer(where, panel_worked); break;
    case word::panel_worked: note_answer(where, true); break;
    case word::failed: note_failure(where, site_id, how.error()); break;
    }
    changed_();
}

void server_desk::note_failure(const server& where, const std::string& site_id, const failure& why) {
    const std::string place = place_of(where);
    if (class_of(why.code) == failure_class::needs_operator) {
        // Each of its sites fails by itself: there is nothing to wait for but a person.
        const auto [at, first] = parked_.try_emplace(place, why.code);
        if (first || at->second != why.code)
            line(log_level::warning, "the server is parked, its sites fail: " + why.detail, where, &why,
                 event::server_parked);
        at->second = why.code;
        return;
    }
    // What a step says that was under way already changes nothing, and others may know more by now.
    const bool is_news = sites_.standing_failure(place, site_id) == nullptr;
    const auto change = sites_.server_failed(place, site_id, why, ports_.time.now());
    if (change != server_health::change::none)
        line(log_level::warning, down_text(why), where, &why, event::server_unreachable);
    if (is_news) keep_incident(place);
}

void server_desk::note_answer(const server& where, bool panel_worked) {
    const std::string place = place_of(where);
    const server_health* health = sites_.health(place);
    const moment now = ports_.time.now();
    const auto since = health && health->is_down() ? health->down_since() : now.steady;
    const bool was_parked = parked_.erase(place) > 0;
    const bool came_back =
        sites_.server_answered(place, panel_worked, now) == server_health::change::came_back;
    if (came_back) {
        told_since_claim_.insert(place);
        ports_.store.forget_incident(place);
    }
    if (!came_back && !was_parked) return;
    const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - since);
    line(log_level::info, "the server can be used again" + (came_back ? " after " + duration_text(away) : ""),
         where, nullptr, event::server_back);
}

void server_desk::keep_incident(const std::string& place) {
    const server_health* health = sites_.health(place);
    if (health == nullptr) return;
    auto record = health->record(place, ports_.time.now());
    if (!record) return;
    record->server_ids = rows_of(place);
    told_since_claim_.insert(place);
    ports_.store.keep(std::move(*record));
}

std::vector<std::string> server_desk::rows_of(const std::string& place) const {
    std::vector<std::string> ids;
    for (const auto& [id, leads_to] : place_of_rows_)
        if (leads_to == place) ids.push_back(id);
    return ids;
}

// Another daemon may have read the servers later than we did, and know a place that we do not.
bool server_desk::is_left(const incident_record& known) const {
    return servers_ && known.since < places_as_of_ && rows_of(known.place).empty();
}

std::optional<failure> server_desk::held(const server& where, const std::string& domain) {
    const std::string place = place_of(where);
    const moment at = ports_.time.now();
    const wall_time now = calendar(at);
    const auto hold = budgets_.held(place, domain, now);
    const auto remaining = budgets_.remaining(place, now);
    // Not by the first order that is free again: a budget that is spent as fast as it refills is one line.
    if (remaining * 2 >= budgets_.limit()) spent_.erase(place);
    if (!hold) return std::nullopt;
    const wall_time until = at.wall + (hold->until - now);
    failure why{errc::cert_budget, hold->why + "; the earliest safe time is " + utc_text(until), until};
    if (remaining == 0 && spent_.insert(place).second)
        line(log_level::warning, "no more certificates are ordered from the server for now: " + why.detail,
             where, &why, event::budget_reached);
    return why;
}

asio::awaitable<result<std::uint64_t>> server_desk::place_order(server where, std::string domain) {
    for (;;) {
        if (auto why = held(where, domain)) co_return std::move(*why);
        const auto known = learned_;
        order_record order = budgets_.add(place_of(where), domain, calendar(ports_.time.now()));
        const std::uint64_t number = order.id;
        auto kept = co_await ports_.store.keep_order(std::move(order));
        // That it cannot be written down is said by the store; the look at the server still keeps from a
        // second one. But others must know of what counts for all.
        if (!kept && ports_.shared) {
            take_back(number); // it may have arrived all the same
            co_return failure{errc::supabase_unreachable,
                              "the certificate's order cannot be noted: " + kept.error().detail};
        }
        // What was heard while it was written down was not judged, but whoever wrote it may have known.
        if (!kept || (kept->kept && learned_ == known)) co_return number;
        take_back(number);
        learn(std::move(kept->news));
    }
}

void server_desk::take_back(std::uint64_t order) {
    if (auto record = budgets_.end(order, order_end::not_sent, std::nullopt))
        ports_.store.end_order(std::move(*record));
}

asio::awaitable<std::optional<wall_time>> server_desk::settle_order(std::uint64_t number, order_end how,
                                                                    std::optional<wall_time> not_before) {
    const moment at = ports_.time.now();
    const wall_time now = calendar(at);
    if (not_before) not_before = now + (*not_before - at.wall);
    auto record = budgets_.end(number, how, not_before);
    if (!record) co_return std::nullopt;
    std::optional<wall_time> next;
    if (const auto hold = budgets_.held(record->place, record->domain, now))
        next = at.wall + (hold->until - now);
    // The calendar is ours alone.
    if (ports_.shared && record->not_before) record->not_before = at.wall + (*record->not_before - now);
    ports_.store.end_order(std::move(*record));
    co_return next;
}

std::vector<server_status> server_desk::status() const {
    std::vector<server_status> all;
    if (!servers_) return all;
    const wall_time now = calendar(ports_.time.now());
    for (const auto& s : *servers_) {
        const std::string place = place_of(s);
        server_status one{s.id, label(s), !s.active, std::nullopt, budgets_.remaining(place, now)};
        if (const auto at = parked_.find(place); at != parked_.end()) one.cause = at->second;
        if (const auto* health = sites_.health(place); health && health->is_down())
            one.cause = health->why().code;
        all.push_back(std::move(one));
    }
    return all;
}

void server_desk::line(log_level level, std::string_view text, const server& where, const failure* why,
                       std::optional<event> milestone) {
    std::vector<log_field> fields{{"SERVER", label(where)}};
    if (why != nullptr) fields.push_back({"ERROR_CODE", std::string(code_name(why->code))});
    if (milestone) fields.push_back(about(*milestone));
    ports_.journal.write(level, text, fields);
}

} // namespace hosting
