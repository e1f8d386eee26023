#include "core/server_health.hpp"

#include "core/wall_steady.hpp"

#include <algorithm>

namespace hosting {

void server_health::set_policy(probe_policy policy) {
    if (allowed_ == policy_.most_at_work) allowed_ = policy.most_at_work;
    policy_ = policy;
    allowed_ = std::min(allowed_, policy.most_at_work);
}

void server_health::restore(const incident_record& known, const moment& now) {
    incident_ = incident{known.why, steady_past(known.since, now),
                         steady_future(known.next_probe, now, policy_.max_delay), known.probes, false};
    allowed_ = 1;
}

bool server_health::adopt(const incident_record& known, const moment& now) {
    const bool was_down = is_down();
    if (was_down && incident_->probing) return false; // its own probe knows better
    const auto next = steady_future(known.next_probe, now, policy_.max_delay);
    incident_ = incident{known.why, steady_past(known.since, now), next, known.probes, false, false};
    allowed_ = 1;
    return !was_down;
}

std::size_t server_health::admits(steady_time now) const noexcept {
    if (!incident_) return allowed_;
    const bool due = incident_->probed_here && incident_->next_probe <= now;
    return due && !incident_->probing ? 1 : 0;
}

bool server_health::started() noexcept {
    if (!incident_) return false;
    incident_->probing = true;
    return true;
}

void server_health::probe_said_nothing(steady_time now) noexcept {
    if (!incident_) return;
    incident_->probing = false;
    incident_->next_probe = std::min(incident_->next_probe, now);
}

void server_health::probe_soon(steady_time now) noexcept {
    if (!incident_) return;
    incident_->next_probe = std::min(incident_->next_probe, now);
    incident_->probed_here = true;
}

server_health::change server_health::failed(const failure& why, const moment& now, bool by_probe) {
    if (!incident_) {
        incident_ = incident{why, now.steady, now.steady + delay(0, now.roll), 0, false};
        allowed_ = 1;
        return change::went_down;
    }
    const bool same = incident_->why.code == why.code;
    if (by_probe) {
        incident_->probing = false;
        incident_->next_probe = now.steady + delay(++incident_->probes, now.roll);
        incident_->why = why;
    }
    return by_probe && !same ? change::other_cause : change::none;
}

server_health::change server_health::answered(bool panel_worked) {
    if (incident_) {
        if (scope_of(incident_->why.code) == failure_scope::panel && !panel_worked) return change::none;
        incident_.reset();
        return change::came_back;
    }
    allowed_ = std::min(allowed_ * 2, policy_.most_at_work);
    return change::none;
}

std::optional<incident_record> server_health::record(std::string place, const moment& now) const {
    if (!incident_) return std::nullopt;
    return incident_record{std::move(place),
                           incident_->why,
                           to_wall(incident_->since, now),
                           incident_->probes,
                           to_wall(incident_->next_probe, now),
                           {}};
}

// Between a half and the whole of a doubling delay: many servers that went down together are not probed
// together.
std::chrono::milliseconds server_health::delay(unsigned probes, double roll) const noexcept {
    std::chrono::milliseconds whole = policy_.first_delay;
    for (unsigned i = 0; i < probes && whole < policy_.max_delay; ++i)
        whole *= 2;
    whole = std::min(whole, policy_.max_delay);
    return std::chrono::milliseconds(
        static_cast<std::chrono::milliseconds::rep>((0.5 + roll / 2) * static_cast<double>(whole.count())));
}

} // namespace hosting
