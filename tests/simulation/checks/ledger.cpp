#include "tests/simulation/checks/ledger.hpp"

#include "core/retry.hpp"

#include <algorithm>
#include <string>

namespace simulation {
namespace {

using hosting::errc;
using hosting::failure_class;
using hosting::failure_scope;
using hosting::stage;

constexpr std::size_t index(stage s) { return static_cast<std::size_t>(s); }

bool is_pending(const hosting::site* row) {
    return row && row->status_dns == "active" && row->status_hosting == "pending";
}

} // namespace

void ledger::new_request(const hosting::site& row) {
    story fresh;
    fresh.request = of(row.id).request + 1;
    fresh.domain = row.domain;
    fresh.server_id = row.server_id.value_or("");
    fresh.since = fresh.last_answer = fresh.answer_before = scene_.time.now();
    stories_[row.id] = std::move(fresh);
}

void ledger::row_edited(const hosting::site* before, const hosting::site* after) {
    const std::string& id = after ? after->id : before->id;
    if (!is_pending(after)) {
        if (is_pending(before)) unseen_.insert(id);
        return;
    }
    if (is_pending(before)) {
        if (before->domain == after->domain && before->server_id == after->server_id) return;
        new_request(*after);
        // Changed to and fro: to the daemon it is the row that it read.
        story& s = of(id);
        s.blurred = read_as_[id] == row_as_read{s.domain, s.server_id};
        return;
    }
    // Pending again. Whether the daemon has seen that it was not makes the difference.
    if (!unseen_.erase(id) && !may_be_in_a_run(id)) return new_request(*after);
    of(id).blurred = true;
}

void ledger::row_read(const std::string& id) {
    story& s = of(id);
    s.answer_before = s.last_answer;
    worked_on_[id] = s.request;
    read_as_[id] = {s.domain, s.server_id};
}

bool ledger::may_be_in_a_run(const std::string& id) {
    const auto last = of(id).last_touch;
    return last != steady_time::min() && last + 1min > scene_.time.now();
}

void ledger::seen_by_poll(const std::string& id) {
    if (!may_be_in_a_run(id)) unseen_.erase(id);
}

void ledger::row_written(const std::string& id, const hosting::outcome& what) {
    if (what.what != hosting::outcome::kind::waiting) unseen_.insert(id);
}

unsigned ledger::most_failures(stage s) const {
    return s == stage::analytics ? hosting::most_analytics_attempts
                                 : settings_.promised.runner.machine.retry.max_attempts;
}

void ledger::begins(call& c) {
    story& s = of(c.site);
    c.request = worked_on_[c.site];
    if (c.request != s.request) return;
    s.begun = true;
    if (c.at == stage::site || c.at == stage::certificate) s.last_server = c.server;
    if (c.at == stage::report || s.blurred) return;
    const auto counted = s.failures[index(c.at)] - s.forgiven[index(c.at)];
    if (counted >= most_failures(c.at))
        scene_.breaks("attempts are bounded", c.site + " is tried in the stage " +
                                                  std::string(hosting::to_string(c.at)) + " after " +
                                                  std::to_string(counted) + " failures");
}

void ledger::count(story& s, const call& c) {
    ++s.failures[index(c.at)];
    s.last_count = scene_.time.now();
}

void ledger::failed(const call& c, const hosting::failure& why) {
    story& s = of(c.site);
    if (c.request != s.request) return; // it was about an earlier request
    s.heard.insert(why.code);
    if (still_has && !still_has(c)) return; // and nobody else will know of it
    if (why.code == errc::site_half_made) {
        // It is made again under the other name, if that is free; this is no failure yet.
        s.heard.insert(errc::site_names_used);
        s.last_answer = scene_.time.now();
        return;
    }
    if (c.at == stage::analytics) {
        s.analytics_failed = true;
        if (hosting::class_of(why.code) == failure_class::transient) count(s, c);
        return;
    }
    if (c.at == stage::report) return;
    const bool servers = hosting::concerns_server(why.code);
    const bool unknown = why.code == errc::ssh_outcome_unknown;
    if (!unknown && !servers) s.lost = s.lost == c.at ? std::nullopt : s.lost;
    if (!servers && hosting::scope_of(why.code) != failure_scope::supabase && !unknown)
        s.last_answer = scene_.time.now();
    if (unknown && s.lost != c.at) {
        s.lost = c.at;
        s.lost_unsure = false;
        return;
    }
    if (unknown && std::exchange(s.lost_unsure, false)) ++s.forgiven[index(c.at)];
    if (hosting::class_of(why.code) == failure_class::transient) {
        count(s, c);
        s.last_answer = scene_.time.now(); // ends what is not the site's fault
    }
    if (c.at == stage::certificate && !servers) {
        refused_certificate(c.site);
        s.told = why.not_before;
    }
}

void ledger::answered(const call& c) {
    story& s = of(c.site);
    if (c.request != s.request || (still_has && !still_has(c))) return;
    if (s.lost == c.at) s.lost.reset();
}

void ledger::server_served(const call& c) {
    story& s = of(c.site);
    if (c.request != s.request || (still_has && !still_has(c))) return;
    s.last_answer = scene_.time.now();
}

void ledger::answered_badly(const call& c, errc cause) {
    story& s = of(c.site);
    if (c.request != s.request) return;
    s.heard.insert(cause);
    if (still_has && !still_has(c)) return;
    count(s, c);
    if (c.at == stage::certificate) refused_certificate(c.site);
}

void ledger::refused_certificate(const std::string& id) {
    story& s = of(id);
    if (!s.first_refusal) s.first_refusal = scene_.time.now();
}

void ledger::held_back(const std::string& id) {
    of(id).held = true;
    of(id).heard.insert(errc::cert_budget);
    refused_certificate(id);
}

// What was heard but not yet written down is forgotten: a little, or all since the memory failed.
void ledger::killed(const disk& left, bool memory_was_failing) {
    const auto recently = scene_.time.now() - 2min;
    for (auto& [id, s] : stories_) {
        s.lost_unsure = true;
        if (may_be_in_a_run(id)) s.last_answer = s.answer_before;
        const auto kept = left.sites.find(id);
        const bool is_kept = kept != left.sites.end() && kept->second.domain == s.domain &&
                             kept->second.server_id == s.server_id;
        for (std::size_t at = 0; at < hosting::stage_count; ++at) {
            const unsigned known = is_kept ? kept->second.progress.attempts[at] : 0;
            const unsigned counted = s.failures[at] - s.forgiven[at];
            if (counted <= known) continue;
            if (memory_was_failing)
                s.forgiven[at] += counted - known;
            else if (s.last_count >= recently)
                ++s.forgiven[at];
        }
    }
}

void ledger::taken_over(const std::string& id, const hosting::site_record* known) {
    story& s = of(id);
    s.lost_unsure = true;
    s.last_answer = std::min(s.last_answer, s.answer_before);
    for (std::size_t at = 0; at < hosting::stage_count; ++at) {
        const unsigned kept = known ? known->progress.attempts[at] : 0;
        s.forgiven[at] = std::max(s.forgiven[at], s.failures[at] - std::min(kept, s.failures[at]));
    }
}

void ledger::began_anew() {
    for (auto& [id, s] : stories_)
        if (scene_.clock_set() >= s.since) s.times_blurred = true;
}

void ledger::memory_lost() {
    for (auto& [id, s] : stories_) {
        s.forgiven = s.failures;
        s.lost_unsure = true;
    }
}

void ledger::forget(const std::string& id) {
    stories_.erase(id);
    unseen_.erase(id);
    worked_on_.erase(id);
    read_as_.erase(id);
}

} // namespace simulation
