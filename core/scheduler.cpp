#include "core/scheduler.hpp"

#include "core/progress_times.hpp"

#include <algorithm>

namespace hosting {
namespace {

// Of sites that need their server no more: their outcome is all that is left.
constexpr std::string_view without_server = " ";

bool needs_no_server(const site_progress& p) { return p.undelivered || p.document_root; }

} // namespace

void scheduler::set_settings(scheduler_settings settings) {
    settings_ = settings;
    for (auto& [name, l] : lanes_)
        l.health.set_policy(policy());
}

probe_policy scheduler::policy() const {
    return {settings_.retry.first_delay,
            std::min<std::chrono::milliseconds>(settings_.retry.max_delay, longest_snooze),
            settings_.limits.sites_in_flight_per_server};
}

void scheduler::restore(std::vector<site_record> sites, const std::vector<incident_record>& incidents,
                        const moment& now) {
    for (auto& s : sites) {
        std::string id = s.site_id;
        remembered_.insert_or_assign(std::move(id), std::move(s));
    }
    for (const auto& i : incidents) {
        lane& l = lane_named(i.place, now);
        l.health.restore(i, now);
        schedule_probe(l, now);
    }
}

void scheduler::poll_started() {
    ++poll_;
    std::erase_if(finished_in_poll_, [&](const auto& done) { return done.second + 1 < poll_; });
}

scheduler::changes scheduler::poll_answered(std::vector<pending_site> rows, bool complete,
                                            const moment& now) {
    changes result;
    for (auto& row : rows) {
        if (const auto done = finished_in_poll_.find(row.id);
            done != finished_in_poll_.end() && done->second >= poll_)
            continue;
        const auto known = entries_.find(row.id);
        if (known != entries_.end()) {
            entry& e = known->second;
            e.seen_in_poll = poll_;
            const bool same = e.domain == row.domain && *e.server_id == row.server_id;
            if (e.now == state::running || same) continue;
            result.forgotten.push_back(row.id);
            stop_waiting(e);
            entries_.erase(known);
        }
        result.brought_new = true;
        place_in_lane(add(std::move(row), false, now), now);
    }
    if (!complete) return result;
    for (auto it = entries_.begin(); it != entries_.end();) {
        const auto here = it++;
        entry& e = here->second;
        if (e.seen_in_poll == poll_ || e.now == state::running || e.explicit_request) continue;
        result.forgotten.push_back(here->first);
        stop_waiting(e);
        entries_.erase(here);
    }
    for (auto& [id, record] : remembered_)
        result.forgotten.push_back(id);
    remembered_.clear();
    return result;
}

void scheduler::claimed(std::vector<pending_site> rows, std::vector<site_record> records, const moment& now) {
    for (auto& r : records) {
        std::string id = r.site_id;
        remembered_.insert_or_assign(std::move(id), std::move(r));
    }
    for (auto& row : rows) {
        if (const auto known = entries_.find(row.id); known != entries_.end()) {
            if (known->second.now == state::running) continue;
            stop_waiting(known->second);
            entries_.erase(known);
        }
        place_in_lane(add(std::move(row), false, now), now);
    }
    remembered_.clear();
}

void scheduler::lost(const std::vector<std::string>& ids) {
    for (const auto& id : ids) {
        const auto known = entries_.find(id);
        if (known == entries_.end() || known->second.now == state::running) continue;
        stop_waiting(known->second);
        entries_.erase(known);
    }
}

void scheduler::adopt(const std::vector<incident_record>& incidents, const std::set<std::string>& but,
                      const moment& now) {
    std::set<std::string> down;
    for (const auto& incident : incidents) {
        down.insert(incident.place);
        if (but.contains(incident.place)) continue;
        lane& l = lane_named(incident.place, now);
        if (l.health.adopt(incident, now))
            for (auto& [order, e] : l.ready)
                block(*e, now);
    }
    for (auto& [place, l] : lanes_) {
        if (!l.health.is_down() || down.contains(place) || but.contains(place)) continue;
        l.health.came_back_elsewhere();
        open(l, now);
        enqueue(l, now);
    }
}

void scheduler::probe_by(const std::vector<std::string>& probes, const moment& now) {
    for (const auto& id : probes) {
        const auto known = entries_.find(id);
        if (known == entries_.end() || known->second.home == nullptr) continue;
        known->second.home->health.probe_soon(now.steady);
        schedule_probe(*known->second.home, now);
    }
}

std::vector<std::string> scheduler::take_idle(const moment& now) {
    std::vector<std::string> idle;
    if (!std::exchange(some_idle_, false)) return idle;
    for (auto& [name, l] : lanes_) {
        if (!l.paused && !l.health.is_down()) continue;
        std::size_t of_use = l.paused ? 0 : l.health.admits(now.steady);
        for (auto it = l.ready.begin(); it != l.ready.end();) {
            entry& e = *(it++)->second;
            if (of_use > 0 && of_use-- > 0) continue;
            if (e.explicit_request || e.due <= now.steady) continue;
            idle.push_back(*e.id);
            stop_waiting(e);
            entries_.erase(idle.back());
        }
    }
    return idle;
}

std::vector<std::string> scheduler::take_waiting() {
    std::vector<std::string> ids;
    for (auto& [id, e] : entries_) {
        if (e.now == state::running) continue;
        stop_waiting(e);
        ids.push_back(id);
    }
    std::ranges::sort(ids);
    for (const auto& id : ids)
        entries_.erase(id);
    return ids;
}

void scheduler::request(pending_site row, const moment& now) {
    const auto known = entries_.find(row.id);
    entry& e = known == entries_.end() ? add(std::move(row), true, now) : known->second;
    e.explicit_request = true;
    if (e.now == state::running) return;
    stop_waiting(e);
    e.order = --first_order_;
    e.now = state::ready;
    lane& home = lane_for(e, now);
    if (home.health.is_down()) {
        home.health.probe_soon(now.steady);
        schedule_probe(home, now);
    }
    place_in_lane(e, now);
}

void scheduler::set_destinations(std::map<std::string, destination> by_server_id, const moment& now) {
    const auto same = [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.place == b.second.place && a.second.paused == b.second.paused;
    };
    if (std::ranges::equal(by_server_id, destinations_, same)) return;
    destinations_ = std::move(by_server_id);
    for (auto& [id, e] : entries_) {
        if (e.now == state::running || &lane_for(e, now) == e.home) continue;
        if (e.now == state::ready) stop_waiting(e);
        place_in_lane(e, now);
    }
}

std::optional<site_start> scheduler::next(const moment& now) {
    wake_due(now);
    if (running_ >= settings_.limits.sites_in_flight) return std::nullopt;
    auto found = next_blocked(now);
    if (!found) found = next_in_turn(now);
    if (found) ++running_;
    return found;
}

// Who waits for its server and has something to say about it.
std::optional<site_start> scheduler::next_blocked(const moment& now) {
    if (due_.empty() || due_.begin()->first > now.steady) return std::nullopt;
    entry& e = *due_.begin()->second;
    const lane& home = *e.home;
    const bool gives_up = give_up_at(e) <= now.steady;
    if (!e.progress) e.progress = std::make_unique<site_progress>();
    if (!e.progress->waiting_since) e.progress->waiting_since = e.blocked_since;
    if (!e.progress->failed_since) e.progress->failed_since = e.blocked_since;
    stop_waiting(e);
    e.now = state::running;
    site_start s = start(e);
    s.what = gives_up ? site_start::purpose::give_up : site_start::purpose::announce;
    s.waits_for = home.health.why();
    s.next_probe = home.health.next_probe();
    return s;
}

std::optional<site_start> scheduler::next_in_turn(const moment& now) {
    while (!turns_.empty()) {
        lane& l = *turns_.front();
        turns_.pop_front();
        l.queued = false;
        const std::size_t admitted = l.health.admits(now.steady);
        if (l.paused || l.ready.empty() || (l.health.is_down() ? admitted == 0 : l.running >= admitted))
            continue; // enqueue() brings it back when that changes
        entry& e = *l.ready.begin()->second;
        const auto since = e.blocked_since;
        stop_waiting(e);
        e.now = state::running;
        e.in_lane = true;
        ++l.running;
        e.probe = l.health.started();
        enqueue(l, now);
        site_start s = start(e);
        s.probe = e.probe;
        if (since && !s.progress.waiting_since) s.progress.waiting_since = since;
        return s;
    }
    return std::nullopt;
}

site_start scheduler::start(const entry& e) {
    site_start s;
    s.id = *e.id;
    s.domain = e.domain;
    s.server_id = *e.server_id;
    s.explicit_request = e.explicit_request;
    if (e.progress) s.progress = *e.progress;
    return s;
}

void scheduler::finished(const std::string& id, std::optional<again> retry, const moment& now) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.now != state::running) return;
    entry& e = found->second;
    --running_;
    lane& home = *e.home;
    if (e.in_lane) --home.running;
    if (e.probe) {
        home.health.probe_said_nothing(now.steady);
        schedule_probe(home, now);
    }
    e.in_lane = e.probe = false;
    if (retry) {
        if (retry->row) {
            e.domain = std::move(retry->row->domain);
            e.server_id = &*server_ids_.insert(std::move(retry->row->server_id)).first;
        }
        if (retry->progress) e.progress = std::make_unique<site_progress>(std::move(*retry->progress));
        e.now = state::ready;
        if (retry->not_before > now.steady) sleep_until(e, retry->not_before);
        place_in_lane(e, now);
    } else {
        finished_in_poll_[id] = poll_;
        entries_.erase(found);
    }
    enqueue(home, now);
}

server_health::change scheduler::server_failed(const std::string& place, const std::string& site_id,
                                               const failure& why, const moment& now) {
    const auto found = lanes_.find(place);
    if (found == lanes_.end()) return server_health::change::none;
    lane& l = found->second;
    const bool by_probe = is_probe(site_id, l);
    if (by_probe) entries_.at(site_id).probe = false;
    const auto change = l.health.failed(why, now, by_probe);
    if (change == server_health::change::went_down)
        for (auto& [order, e] : l.ready)
            block(*e, now);
    schedule_probe(l, now);
    return change;
}

server_health::change scheduler::server_answered(const std::string& place, bool panel_worked,
                                                 const moment& now) {
    const auto found = lanes_.find(place);
    if (found == lanes_.end()) return server_health::change::none;
    lane& l = found->second;
    const auto change = l.health.answered(panel_worked);
    if (change == server_health::change::came_back) open(l, now);
    enqueue(l, now);
    return change;
}

const failure* scheduler::standing_failure(const std::string& place, const std::string& site_id) const {
    const auto found = lanes_.find(place);
    if (found == lanes_.end() || !found->second.health.is_down()) return nullptr;
    return is_probe(site_id, found->second) ? nullptr : &found->second.health.why();
}

// Of this very lane: its row may have been moved to another server since it was started.
bool scheduler::is_probe(const std::string& site_id, const lane& of) const {
    const auto site = entries_.find(site_id);
    return site != entries_.end() && site->second.probe && site->second.home == &of;
}

const server_health* scheduler::health(const std::string& place) const {
    const auto found = lanes_.find(place);
    return found == lanes_.end() ? nullptr : &found->second.health;
}

void scheduler::probe_all(const moment& now) {
    for (auto& [name, l] : lanes_) {
        l.health.probe_soon(now.steady);
        schedule_probe(l, now);
    }
}

void scheduler::supabase_is_back(const moment& now) {
    std::vector<entry*> woken;
    for (const auto& [when, e] : sleeping_)
        if (e->progress && e->progress->failed_since &&
            scope_of(e->progress->last.code) == failure_scope::supabase)
            woken.push_back(e);
    for (entry* e : woken)
        wake(*e, now);
}

std::optional<steady_time> scheduler::next_wakeup() const {
    auto when = steady_time::max();
    if (!sleeping_.empty()) when = sleeping_.begin()->first;
    if (!probes_.empty()) when = std::min(when, probes_.begin()->first);
    // Without a free slot nothing can come of it; whoever frees one looks again.
    if (!due_.empty() && running_ < settings_.limits.sites_in_flight)
        when = std::min(when, due_.begin()->first);
    return when == steady_time::max() ? std::nullopt : std::optional(when);
}

scheduler_counts scheduler::counts() const noexcept {
    return {running_, entries_.size() - running_ - sleeping_.size(), sleeping_.size()};
}

std::vector<waiting_site> scheduler::waiting() const {
    std::vector<waiting_site> all;
    for (const auto& [id, e] : entries_) {
        if (e.now == state::running) continue;
        waiting_site w{id, e.domain, std::nullopt, e.home->paused, std::nullopt};
        if (e.progress && e.progress->failed_since) w.cause = e.progress->last.code;
        if (e.now == state::sleeping && e.not_before != steady_time::max()) w.next_attempt = e.not_before;
        if (e.blocked_since) {
            w.cause = e.home->health.why().code;
            w.next_attempt = e.home->health.next_probe();
        }
        all.push_back(std::move(w));
    }
    return all;
}

std::optional<steady_time> scheduler::oldest() const {
    std::optional<steady_time> found;
    for (const auto& [id, e] : entries_) {
        const auto since = e.progress ? e.progress->failed_since.value_or(e.since) : e.since;
        if (!found || since < *found) found = since;
    }
    return found;
}

scheduler::entry& scheduler::add(pending_site row, bool explicit_request, const moment& now) {
    const auto remembered = remembered_.extract(row.id);
    const auto [where, inserted] = entries_.try_emplace(std::move(row.id));
    entry& e = where->second;
    e.id = &where->first;
    e.domain = std::move(row.domain);
    e.server_id = &*server_ids_.insert(std::move(row.server_id)).first;
    e.order = next_order_++;
    e.since = now.steady;
    e.explicit_request = explicit_request;
    e.seen_in_poll = poll_;
    if (!remembered) return e;
    auto& record = remembered.mapped();
    if (record.domain != e.domain || record.server_id != *e.server_id) return e;
    const auto longest = longest_wait(settings_.retry, record.progress);
    e.progress = std::make_unique<site_progress>(to_steady(record.progress, now));
    const auto when = steady_future(record.next_attempt, now, longest);
    if (when > now.steady) sleep_until(e, when);
    return e;
}

scheduler::lane& scheduler::lane_for(const entry& e, const moment& now) {
    if (e.progress && needs_no_server(*e.progress)) return lane_named(std::string(without_server), now);
    const auto found = destinations_.find(*e.server_id);
    if (found == destinations_.end()) return lane_named("unknown " + *e.server_id, now);
    if (!found->second.paused) return lane_named(found->second.place, now);
    lane& l = lane_named("paused " + *e.server_id, now);
    l.paused = true;
    return l;
}

scheduler::lane& scheduler::lane_named(const std::string& name, const moment&) {
    return lanes_.try_emplace(name, lanes_.size(), policy()).first->second;
}

// A site that sleeps is in no lane, but has one.
void scheduler::place_in_lane(entry& e, const moment& now) {
    e.home = &lane_for(e, now);
    if (e.now == state::sleeping) return;
    e.home->ready.emplace(e.order, &e);
    if (e.home->paused) some_idle_ = true;
    if (e.home->health.is_down()) block(e, now);
    enqueue(*e.home, now);
}

void scheduler::sleep_until(entry& e, steady_time when) {
    e.now = state::sleeping;
    e.not_before = when;
    sleeping_.emplace(when, &e);
}

// Takes it out of whatever it waits in.
void scheduler::stop_waiting(entry& e) {
    unblock(e);
    if (e.now == state::sleeping) sleeping_.erase({e.not_before, &e});
    if (e.now == state::ready && e.home) e.home->ready.erase(e.order);
}

void scheduler::wake(entry& e, const moment& now) {
    sleeping_.erase({e.not_before, &e});
    e.now = state::ready;
    place_in_lane(e, now);
}

void scheduler::wake_due(const moment& now) {
    while (!sleeping_.empty() && sleeping_.begin()->first <= now.steady)
        wake(*sleeping_.begin()->second, now);
    while (!probes_.empty() && probes_.begin()->first <= now.steady) {
        lane& l = *probes_.begin()->second;
        probes_.erase(probes_.begin());
        l.probe_at.reset();
        enqueue(l, now);
    }
}

void scheduler::block(entry& e, const moment& now) {
    some_idle_ = true;
    unblock(e);
    e.blocked_since = e.progress && e.progress->waiting_since ? *e.progress->waiting_since : now.steady;
    e.due = std::min(announce_at(e), give_up_at(e));
    if (e.due != steady_time::max()) due_.emplace(e.due, &e);
}

void scheduler::unblock(entry& e) {
    if (e.due != steady_time::max()) due_.erase({e.due, &e});
    e.due = steady_time::max();
    e.blocked_since.reset();
}

steady_time scheduler::announce_at(const entry& e) const {
    const bool announced = e.progress && e.progress->announced == e.home->health.why().code;
    return announced ? steady_time::max() : *e.blocked_since + announced_from;
}

steady_time scheduler::give_up_at(const entry& e) const {
    const auto limit = settings_.retry.server_outage_limit;
    return limit.count() == 0 ? steady_time::max() : *e.blocked_since + limit;
}

// The server is of use again: who waits because it was not waits no longer.
void scheduler::open(lane& l, const moment& now) {
    for (auto& [order, e] : l.ready) {
        unblock(*e);
        if (e->progress) e->progress->waiting_since.reset();
    }
    std::vector<entry*> woken;
    for (const auto& [when, e] : sleeping_)
        if (e->home == &l && e->progress && scope_of(e->progress->last.code) == failure_scope::server)
            woken.push_back(e);
    for (entry* e : woken)
        wake(*e, now);
    schedule_probe(l, now);
}

void scheduler::schedule_probe(lane& l, const moment& now) {
    if (l.probe_at) probes_.erase({*l.probe_at, &l});
    l.probe_at.reset();
    if (!l.health.is_down()) return;
    if (l.health.next_probe() <= now.steady) return enqueue(l, now);
    l.probe_at = l.health.next_probe();
    probes_.emplace(*l.probe_at, &l);
}

void scheduler::enqueue(lane& l, const moment& now) {
    if (l.queued || l.paused || l.ready.empty()) return;
    const std::size_t admitted = l.health.admits(now.steady);
    if (l.health.is_down() ? admitted == 0 : l.running >= admitted) return;
    l.queued = true;
    turns_.push_back(&l);
}

} // namespace hosting
