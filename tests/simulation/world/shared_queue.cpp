#include "tests/simulation/world/shared_queue.hpp"

#include "core/registered_domain.hpp"
#include "core/retry.hpp"

#include <algorithm>

namespace simulation {

using hosting::claim_demand;
using hosting::incident_record;
using hosting::order_record;
using hosting::pending_site;
using hosting::server_facts;
using hosting::site_record;

namespace {

constexpr auto orders_kept = std::chrono::hours(8 * 24);
constexpr unsigned number_bits = 32;

} // namespace

shared_queue::shared_queue(scene& s, const run_settings& settings, hub& rows)
    : scene_(s)
    , settings_(settings)
    , rows_(rows)
    , ahead_(settings.database_ahead) {}

std::uint64_t shared_queue::enter(const std::string& worker) {
    workers_[worker] = {next_number_, std::nullopt};
    std::erase_if(orders_, [&](const auto& o) { return o.second.is.at + orders_kept < now(); });
    return next_number_++;
}

void shared_queue::leave(const std::string& worker) {
    for (auto& [id, j] : jobs_)
        if (j.worker == worker) j.worker.clear();
    workers_.erase(worker);
}

// A worker whose lease has ended has lost what it held, whether somebody took it or not.
bool shared_queue::extend(const std::string& worker, milliseconds lease) {
    const auto known = workers_.find(worker);
    if (known == workers_.end()) return false;
    auto& until = known->second.lease_until;
    if (!until || *until <= now()) abandon(worker);
    until = now() + lease;
    return true;
}

void shared_queue::release_ended() {
    for (auto& [worker, is] : workers_) {
        if (!is.lease_until || *is.lease_until > now()) continue;
        abandon(worker);
        is.lease_until.reset();
    }
}

void shared_queue::abandon(const std::string& worker) {
    for (auto& [id, j] : jobs_) {
        if (j.worker != worker) continue;
        j.worker.clear();
        j.abandoned = workers_.at(worker).lease_until.value_or(now());
    }
}

std::optional<shared_queue::renewed> shared_queue::renew(const std::string& worker, milliseconds lease) {
    if (!extend(worker, lease)) return std::nullopt;
    return renewed{all_held_by(worker), now()};
}

std::optional<shared_queue::claimed>
shared_queue::claim(const std::string& worker, const claim_demand& wanted, milliseconds lease, cursors seen) {
    if (!extend(worker, lease)) return std::nullopt;
    release_ended();
    claimed out;
    if (!wanted.only.empty()) {
        take_only(out, worker, wanted.only);
    } else {
        take_probes(out, worker, wanted.room, lease);
        take_turns(out, worker, wanted);
    }
    sweep();
    out.held = all_held_by(worker);
    for (const auto& [place, i] : incidents_)
        out.incidents.push_back(i.is);
    std::vector<const std::pair<std::uint64_t, server_facts>*> changed;
    for (const auto& [place, f] : servers_)
        if (f.first > seen.servers) changed.push_back(&f);
    std::ranges::sort(changed, {}, [](const auto* f) { return f->first; });
    for (const auto* f : changed)
        out.servers.push_back(f->second);
    add_news(out.orders, workers_.at(worker).number, seen.orders);
    out.seen = {last_change_, last_change_};
    out.now = now();
    return out;
}

void shared_queue::add_news(std::vector<changed_order>& to, std::uint64_t number, std::uint64_t seen) const {
    for (const auto& [id, o] : orders_)
        if (o.change > seen && id >> number_bits != number) to.push_back({o.change, o.is});
    std::ranges::sort(to, {}, [](const changed_order& o) { return o.change; });
}

std::map<std::string, std::uint64_t> shared_queue::all_held_by(const std::string& worker) const {
    std::map<std::string, std::uint64_t> all;
    for (const auto& [id, j] : jobs_)
        if (j.worker == worker) all[id] = j.token;
    return all;
}

// To be worked on, and nobody's.
bool shared_queue::waits(const pending_site& row) const {
    const auto found = jobs_.find(row.id);
    if (found == jobs_.end()) return true;
    const job& j = found->second;
    const bool twice = settings_.broken == broken_rule::row_handed_out_twice && j.token % 50 == 0;
    if (!j.worker.empty() && !twice) return false;
    const bool is_other = j.domain != row.domain || j.server != row.server_id;
    return is_other || !j.next_attempt || *j.next_attempt <= now();
}

const incident_record* shared_queue::incident_of(const std::string& server_id) const {
    for (const auto& [place, i] : incidents_)
        if (std::ranges::find(i.is.server_ids, server_id) != i.is.server_ids.end()) return &i.is;
    return nullptr;
}

bool shared_queue::is_paused(const std::string& server_id) const {
    const auto row =
        std::ranges::find_if(rows_.servers, [&](const server_row& s) { return s.is.id == server_id; });
    return row != rows_.servers.end() && !row->is.active;
}

// It has waited for long enough to say so, or to fail.
bool shared_queue::speaks(const pending_site& row, const incident_record& of,
                          milliseconds outage_limit) const {
    const auto found = jobs_.find(row.id);
    const bool is_same =
        found != jobs_.end() && found->second.domain == row.domain && found->second.server == row.server_id;
    const job* known = is_same ? &found->second : nullptr;
    const auto born = rows_.created_at(row.id) + ahead_;
    const auto waited_since = known && known->waiting_since ? *known->waiting_since : born;
    const bool announced = known && known->record && known->record->progress.announced == of.why.code;
    if (!announced && now() - std::max(of.since, waited_since) >= hosting::announced_from) return true;
    // Since when a row was set to pending again nobody knows, so it does not fail before it has spoken.
    return outage_limit.count() > 0 && known && known->waiting_since &&
           now() - *known->waiting_since >= outage_limit;
}

bool shared_queue::may_have(const pending_site& row, milliseconds outage_limit) const {
    if (!waits(row) || is_paused(row.server_id)) return false;
    const auto* incident = incident_of(row.server_id);
    return !incident || speaks(row, *incident, outage_limit);
}

void shared_queue::give(claimed& to, const std::string& worker, const pending_site& row, bool probe) {
    job& j = jobs_[row.id];
    if (j.domain != row.domain || j.server != row.server_id) {
        j = job();
        j.domain = row.domain;
        j.server = row.server_id;
    }
    if (std::exchange(j.abandoned, std::nullopt) && watch)
        watch->taken_over(row.id, j.record ? &*j.record : nullptr);
    j.worker = worker;
    j.token = next_token_++;
    claimed_row given{row, j.token, j.record};
    if (probe) to.probes.push_back(row.id);
    if (const auto* incident = incident_of(row.server_id); incident && !j.waiting_since && !probe) {
        // Since when it waits for its server, where nobody has noted that yet.
        if (!given.record) given.record = site_record{row.id, row.domain, row.server_id, now(), {}};
        given.record->progress.waiting_since =
            std::max({incident->since, rows_.created_at(row.id) + ahead_, now() - hosting::announced_from});
    }
    if (watch) watch->handed_out(row.id, worker, j.token);
    to.rows.push_back(std::move(given));
}

void shared_queue::take_only(claimed& to, const std::string& worker, const std::string& site_id) {
    const auto* row = rows_.find(site_id);
    const auto* known = find(site_id);
    if (!row || (known && !known->worker.empty())) return;
    give(to, worker, {row->id, row->domain, row->server_id.value_or(""), {}}, false);
}

// One row of each server whose next probe is due, and no other while that one is somebody's.
void shared_queue::take_probes(claimed& to, const std::string& worker, std::size_t room, milliseconds lease) {
    for (auto& [place, incident] : incidents_) {
        if (incident.is.next_probe > now() || is_probed(incident) || to.rows.size() >= room) continue;
        for (const auto& row : rows_.oldest_pending()) {
            const auto& ids = incident.is.server_ids;
            if (std::ranges::find(ids, row.server_id) == ids.end() || is_paused(row.server_id) || !waits(row))
                continue;
            give(to, worker, row, true);
            incident.is.next_probe = now() + lease;
            incident.probe = row.id;
            incident.probe_token = to.rows.back().token;
            break;
        }
    }
}

bool shared_queue::is_probed(const known_incident& i) const {
    const auto* probe = find(i.probe);
    return probe && probe->token == i.probe_token && !probe->worker.empty();
}

// The servers take turns, those first of which the worker holds the fewest.
void shared_queue::take_turns(claimed& to, const std::string& worker, const claim_demand& wanted) {
    struct turn {
        std::string server;
        std::size_t held = 0;
        std::vector<pending_site> rows{}; // oldest first
        std::size_t given = 0;
    };
    std::vector<turn> turns; // by their oldest rows
    for (const auto& row : rows_.oldest_pending()) {
        if (!may_have(row, wanted.outage_limit)) continue;
        auto at = std::ranges::find(turns, row.server_id, &turn::server);
        if (at == turns.end()) at = turns.insert(turns.end(), turn{row.server_id});
        at->rows.push_back(row);
    }
    for (auto& t : turns)
        t.held = static_cast<std::size_t>(std::ranges::count_if(
            jobs_, [&](const auto& j) { return j.second.worker == worker && j.second.server == t.server; }));
    std::ranges::stable_sort(turns, {}, &turn::held);
    for (bool again = true; again && to.rows.size() < wanted.room;) {
        again = false;
        for (auto& t : turns) {
            if (t.given == t.rows.size() || t.held + t.given >= wanted.per_server) continue;
            if (to.rows.size() >= wanted.room) break;
            give(to, worker, t.rows[t.given++], false);
            again = true;
        }
    }
    to.more = std::ranges::any_of(turns, [](const turn& t) { return t.given < t.rows.size(); });
}

// Jobs whose row is not to be done any more. The real one looks at a few with each claim.
void shared_queue::sweep() {
    std::vector<std::string> gone;
    for (const auto& [id, j] : jobs_)
        if (j.worker.empty() && !rows_.is_pending(id)) gone.push_back(id);
    for (const auto& id : gone)
        erase(id);
}

void shared_queue::erase(const std::string& site_id) {
    jobs_.erase(site_id);
    if (watch) watch->forgotten(site_id);
}

shared_queue::job* shared_queue::held_by(const std::string& worker, std::uint64_t token,
                                         const std::string& site_id) {
    const auto found = jobs_.find(site_id);
    if (found == jobs_.end() || found->second.worker != worker || found->second.token != token)
        return nullptr;
    return &found->second;
}

void shared_queue::keep(const std::string& worker, std::uint64_t token, site_record what) {
    job* const j = held_by(worker, token, what.site_id);
    if (!j) return scene_.say("what " + worker + " knows of " + what.site_id + " comes too late");
    j->domain = what.domain;
    j->server = what.server_id;
    j->next_attempt = what.next_attempt;
    j->waiting_since = what.progress.waiting_since;
    j->record = std::move(what);
    j->worker.clear();
}

void shared_queue::release(const std::string& worker, std::uint64_t token, const std::string& site_id) {
    if (job* const j = held_by(worker, token, site_id)) j->worker.clear();
}

void shared_queue::forget(const std::string& worker, std::uint64_t token, const std::string& site_id) {
    if (held_by(worker, token, site_id)) erase(site_id);
}

void shared_queue::keep(server_facts what) {
    auto& [change, facts] = servers_[what.place];
    if (change > 0 && facts == what) return;
    change = ++last_change_;
    facts = std::move(what);
}

void shared_queue::keep(incident_record what, wall_time noted) {
    const auto [at, is_new] = incidents_.try_emplace(what.place);
    if (!is_new && noted < at->second.noted) return;
    at->second.noted = std::min(noted, now());
    if (is_new) at->second.known_since = now();
    if (!is_new) what.since = std::min(what.since, at->second.is.since);
    at->second.is = std::move(what);
}

void shared_queue::forget_incident(const std::string& place, wall_time noted) {
    const auto found = incidents_.find(place);
    if (found == incidents_.end() || noted < found->second.noted) return;
    incidents_.erase(found);
    if (watch) watch->incident_over(place);
}

void shared_queue::end_order(const order_record& what) {
    const auto found = orders_.find(what.id);
    if (found == orders_.end()) return;
    found->second.is.end = what.end;
    found->second.is.not_before = what.not_before;
    found->second.change = ++last_change_;
}

shared_queue::ordered shared_queue::order(order_record what, std::uint64_t seen) {
    const std::string registered = hosting::registered_domain(what.domain);
    const auto number = what.id >> number_bits;
    ordered out;
    out.now = out.at = now();
    const auto known = orders_.find(what.id);
    if (known != orders_.end()) {
        out.kept = true;
        out.at = known->second.is.at;
        return out;
    }
    const bool conflict = std::ranges::any_of(orders_, [&](const auto& o) {
        return o.second.change > seen && o.first >> number_bits != number &&
               (o.second.is.place == what.place || o.second.registered == registered);
    });
    if (conflict && settings_.broken != broken_rule::order_conflict_ignored) {
        add_news(out.news, number, seen);
        out.seen_orders = last_change_;
        return out;
    }
    out.kept = true;
    what.at = out.at;
    const auto id_of_it = what.id;
    orders_.emplace(id_of_it, kept_order{++last_change_, registered, std::move(what)});
    return out;
}

shared_queue::finished shared_queue::finish(const std::string& worker, std::uint64_t token,
                                            const hosting::site& as_read, const hosting::outcome& what) {
    const bool is_ours = held_by(worker, token, as_read.id) != nullptr;
    if (!is_ours && settings_.broken != broken_rule::finish_without_token) return finished::lease_lost;
    if (!rows_.update(as_read, what)) return finished::row_changed;
    if (watch) watch->written_by(as_read.id, token);
    if (what.what != hosting::outcome::kind::waiting) forget(worker, token, as_read.id);
    return finished::written;
}

const shared_queue::job* shared_queue::find(const std::string& site_id) const {
    const auto found = jobs_.find(site_id);
    return found == jobs_.end() ? nullptr : &found->second;
}

bool shared_queue::is_live(const job& j) const {
    const auto holder = workers_.find(j.worker);
    return holder != workers_.end() && holder->second.lease_until && *holder->second.lease_until > now();
}

bool shared_queue::holds_any(const std::string& worker) const { return !all_held_by(worker).empty(); }

const incident_record* shared_queue::incident_at(const std::string& place) const {
    const auto found = incidents_.find(place);
    return found == incidents_.end() ? nullptr : &found->second.is;
}

std::optional<wall_time> shared_queue::incident_known_at(const std::string& place) const {
    const auto found = incidents_.find(place);
    return found == incidents_.end() ? std::nullopt : std::optional(found->second.known_since);
}

std::vector<order_record> shared_queue::orders() const {
    std::vector<order_record> all;
    for (const auto& [id, o] : orders_)
        all.push_back(o.is);
    return all;
}

std::map<std::string, wall_time> shared_queue::abandoned() const {
    std::map<std::string, wall_time> all;
    for (const auto& [id, j] : jobs_) {
        if (j.worker.empty() && j.abandoned) all[id] = *j.abandoned;
        const auto holder = workers_.find(j.worker);
        if (holder != workers_.end() && !is_live(j)) all[id] = holder->second.lease_until.value_or(now());
    }
    return all;
}

std::pair<std::size_t, std::size_t> shared_queue::held(const std::string& worker,
                                                       const std::string& server) const {
    std::pair<std::size_t, std::size_t> counted;
    for (const auto& [id, j] : jobs_) {
        if (j.worker != worker) continue;
        ++counted.first;
        counted.second += j.server == server;
    }
    return counted;
}

} // namespace simulation
