#include "core/scheduler.hpp"

#include <algorithm>

namespace hosting {
namespace {

bool same_request(const pending_site& a, const pending_site& b) {
    return a.domain == b.domain && a.server_id == b.server_id;
}

} // namespace

void scheduler::poll_started() {
    ++poll_;
    std::erase_if(finished_in_poll_, [&](const auto& done) { return done.second + 1 < poll_; });
}

void scheduler::poll_answered(std::vector<pending_site> rows) {
    for (auto& row : rows) {
        if (const auto done = finished_in_poll_.find(row.id);
            done != finished_in_poll_.end() && done->second >= poll_)
            continue;
        const auto known = entries_.find(row.id);
        if (known != entries_.end()) {
            known->second.seen_in_poll = poll_;
            if (known->second.now == entry::state::running || same_request(known->second.row, row)) continue;
            remove(known);
        }
        add(std::move(row), false);
    }
    for (auto it = entries_.begin(); it != entries_.end();) {
        const auto here = it++;
        const entry& e = here->second;
        if (e.seen_in_poll != poll_ && e.now != entry::state::running && !e.explicit_request) remove(here);
    }
}

void scheduler::request(pending_site row) {
    const auto known = entries_.find(row.id);
    if (known == entries_.end()) return add(std::move(row), true);
    entry& e = known->second;
    e.explicit_request = true;
    if (e.now == entry::state::sleeping) {
        sleeping_.erase({e.not_before, &e});
        make_ready(e);
    }
}

void scheduler::set_paused(std::set<std::string> server_ids) {
    paused_ = std::move(server_ids);
    for (auto& [id, l] : lanes_) {
        l.paused = paused_.contains(id);
        enqueue(l);
    }
}

std::optional<site_start> scheduler::next(time_point now) {
    wake_due(now);
    if (running_ >= limits_.sites_in_flight) return std::nullopt;
    while (!turns_.empty()) {
        lane& l = *turns_.front();
        turns_.pop_front();
        l.queued = false;
        if (l.paused || l.ready.empty() || l.running >= limits_.sites_in_flight_per_server)
            continue; // enqueue() brings it back when that changes
        entry& e = *l.ready.begin()->second;
        l.ready.erase(l.ready.begin());
        e.now = entry::state::running;
        ++l.running;
        ++running_;
        enqueue(l);
        return site_start{e.row.id, e.row.domain, e.row.server_id, e.explicit_request,
                          e.progress ? *e.progress : site_progress{}};
    }
    return std::nullopt;
}

void scheduler::finished(const std::string& id, std::optional<again> retry) {
    const auto found = entries_.find(id);
    if (found == entries_.end() || found->second.now != entry::state::running) return;
    entry& e = found->second;
    --running_;
    --e.home->running;
    enqueue(*e.home);
    if (!retry) {
        finished_in_poll_[id] = poll_;
        entries_.erase(found);
        return;
    }
    e.now = entry::state::sleeping;
    e.not_before = retry->not_before;
    if (retry->progress) e.progress = std::make_unique<site_progress>(std::move(*retry->progress));
    sleeping_.emplace(e.not_before, &e);
}

std::optional<scheduler::time_point> scheduler::next_wakeup() const {
    return sleeping_.empty() ? std::nullopt : std::optional(sleeping_.begin()->first);
}

scheduler_counts scheduler::counts() const noexcept {
    return {running_, entries_.size() - running_ - sleeping_.size(), sleeping_.size()};
}

std::vector<waiting_site> scheduler::waiting() const {
    std::vector<waiting_site> all;
    for (const auto& [id, e] : entries_) {
        if (e.now == entry::state::running) continue;
        waiting_site w{id, e.row.domain, std::nullopt, e.home->paused, std::nullopt};
        if (e.now == entry::state::sleeping && e.not_before != time_point::max())
            w.next_attempt = e.not_before;
        if (e.progress && e.progress->failed_since) w.cause = e.progress->last;
        all.push_back(std::move(w));
    }
    return all;
}

void scheduler::add(pending_site row, bool explicit_request) {
    lane& home = lanes_[row.server_id];
    home.paused = paused_.contains(row.server_id);
    const std::string id = row.id;
    entry& e = entries_[id];
    e.row = std::move(row);
    e.row.created_at.clear(); // the order is kept instead
    e.order = next_order_++;
    e.home = &home;
    e.explicit_request = explicit_request;
    e.seen_in_poll = poll_;
    make_ready(e);
}

void scheduler::make_ready(entry& e) {
    e.now = entry::state::ready;
    e.home->ready.emplace(e.order, &e);
    enqueue(*e.home);
}

void scheduler::enqueue(lane& l) {
    if (l.queued || l.paused || l.ready.empty() || l.running >= limits_.sites_in_flight_per_server) return;
    l.queued = true;
    turns_.push_back(&l);
}

void scheduler::remove(std::unordered_map<std::string, entry>::iterator where) {
    entry& e = where->second;
    if (e.now == entry::state::sleeping)
        sleeping_.erase({e.not_before, &e});
    else
        e.home->ready.erase(e.order);
    entries_.erase(where);
}

void scheduler::wake_due(time_point now) {
    while (!sleeping_.empty() && sleeping_.begin()->first <= now) {
        entry& e = *sleeping_.begin()->second;
        sleeping_.erase(sleeping_.begin());
        make_ready(e);
    }
}

} // namespace hosting
