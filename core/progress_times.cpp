#include "core/progress_times.hpp"

#include <algorithm>

namespace hosting {
namespace {

// Everything but the times.
template<class To, class From>
progress_in<To> without_times(const progress_in<From>& p) {
    progress_in<To> out;
    out.attempts = p.attempts;
    out.snoozes = p.snoozes;
    out.reply_lost = p.reply_lost;
    out.uncertain_orders = p.uncertain_orders;
    out.document_root = p.document_root;
    out.undelivered = p.undelivered;
    out.at = p.at;
    out.last = p.last;
    out.announced = p.announced;
    return out;
}

template<class To, class From, class Convert>
progress_in<To> converted(const progress_in<From>& p, Convert convert) {
    const auto each = [&](const std::optional<From>& t) {
        return t ? std::optional<To>(convert(*t)) : std::nullopt;
    };
    auto out = without_times<To>(p);
    out.waiting_since = each(p.waiting_since);
    out.failed_since = each(p.failed_since);
    out.first_refusal = each(p.first_refusal);
    out.analytics_since = each(p.analytics_since);
    return out;
}

} // namespace

progress_in<wall_time> to_wall(const site_progress& p, const moment& now) {
    return converted<wall_time>(p, [&](steady_time t) { return to_wall(t, now); });
}

site_progress to_steady(const progress_in<wall_time>& p, const moment& now) {
    return converted<steady_time>(p, [&](wall_time t) { return steady_past(t, now); });
}

std::chrono::milliseconds longest_wait(const retry_policy& policy, const progress_in<wall_time>& p) noexcept {
    if (p.at != stage::certificate) return policy.max_delay;
    return std::max(policy.max_delay, policy.certificate_give_up_after);
}

} // namespace hosting
