#include "tests/simulation/checks/row_rules.hpp"

#include "core/budgets.hpp"
#include "core/domain_name.hpp"
#include "core/retry.hpp"
#include "tests/simulation/world/world.hpp"

#include <algorithm>

namespace simulation {

using hosting::errc;
using hosting::failure_class;
using hosting::outcome;
using hosting::site;
using hosting::stage;

namespace {

constexpr std::string_view active_means = "active means done";
constexpr std::string_view failed_means = "failed is deserved";

std::size_t index(stage s) { return static_cast<std::size_t>(s); }

} // namespace

void row_rules::breaks(std::string_view rule, const site& row, std::string_view why) {
    world_.now.breaks(rule, row.id + " (" + row.domain + "): " + std::string(why));
}

void row_rules::written(const site& as_read, const site& before, const site& after, const outcome& what) {
    const auto status = before.status_hosting.value_or("");
    world_.now.say(before.id + " (" + before.domain + "): " +
                   (what.what == outcome::kind::waiting ? status : after.status_hosting.value_or("")) + " " +
                   after.error_message.value_or("") + " matomo " +
                   (after.matomo_site_id ? std::to_string(*after.matomo_site_id) : "-"));
    if (before.domain != as_read.domain || before.server_id != as_read.server_id ||
        before.status_hosting != as_read.status_hosting)
        breaks("the Hub's changes stand", before, "was changed since it was read, and is written over");
    if (status == "active" && what.what != outcome::kind::active)
        breaks("the Hub's changes stand", before, "was active, and is written over");
    if (what.what == outcome::kind::waiting && !after.error_message->starts_with("WAITING E_"))
        breaks("waiting says why", before, *after.error_message);
    if (what.what == outcome::kind::active) active(after, what);
    if (what.what == outcome::kind::failed) failed(before, what);
}

void row_rules::active(const site& row, const outcome& what) {
    const auto domain = hosting::normalise_domain(row.domain);
    story& s = world_.stories.of(row.id);
    machine* const at = s.last_server.empty() ? world_.machine_of(row.id) : world_.machine_at(s.last_server);
    if (!domain || !at) return breaks(active_means, row, "has no domain or no server");
    const auto seen = at->view(*domain);
    if (!seen.exists || !at->rows.contains(*domain)) return breaks(active_means, row, "there is no site");
    if (row.document_root != seen.vhost_root) breaks(active_means, row, "its document root is another one");
    const auto keep = world_.settings.promised.runner.machine.keep_if_valid_for;
    const auto is_good = [&](wall_time when) {
        return hosting::judge(seen.installed, when, keep) == hosting::certificate_verdict::good;
    };
    bool good = is_good(world_.now.true_wall());
    for (std::size_t i = 0; i < world_.daemons.size(); ++i)
        good = good || is_good(world_.now.daemon_wall(i));
    if (!good) breaks(active_means, row, "its certificate is none");
    if (!world_.settings.promised.runner.machine.analytics) return;
    if (!what.matomo_site_id) {
        if (!s.analytics_failed) breaks(active_means, row, "it has no Matomo site, though Matomo answered");
        return;
    }
    if (world_.statistics.may_have_two(*domain)) return;
    if (world_.statistics.count(*domain) != 1 || world_.statistics.find(*domain) != what.matomo_site_id)
        breaks("one Matomo site", row, "Matomo has " + std::to_string(world_.statistics.count(*domain)));
}

void row_rules::failed(const site& row, const outcome& what) {
    const auto code = what.error_message.substr(0, what.error_message.find(':'));
    const story& s = world_.stories.of(row.id);
    if (!code.starts_with("E_") || code.size() < 3) return breaks(failed_means, row, "without a code");
    if (what.error_message.size() > 500) breaks(failed_means, row, "its message is too long");
    if (!s.blurred && !deserves(row, s, code)) breaks(failed_means, row, what.error_message);
}

bool row_rules::deserves(const site& row, const story& s, std::string_view code) const {
    const auto domain = hosting::normalise_domain(row.domain);
    if (!domain) return code == hosting::code_name(domain.error().code);
    if (!world_.rows.server_of(row)) return code == hosting::code_name(errc::server_unknown);
    bool server_s = false;
    bool certificate_s = false;
    for (const errc heard : s.heard) {
        if (hosting::code_name(heard) != code) continue;
        const auto what = hosting::class_of(heard);
        if (what == failure_class::permanent || what == failure_class::needs_operator) return true;
        if (what == failure_class::transient && failed_often_enough(s)) return true;
        certificate_s = true;
    }
    // Waiting for a server may be all that a site ever did.
    for (std::size_t i = 0; i <= static_cast<std::size_t>(errc::internal); ++i)
        server_s = server_s || (hosting::code_name(static_cast<errc>(i)) == code &&
                                hosting::concerns_server(static_cast<errc>(i)));
    return (server_s && waited_long_enough(s)) || (certificate_s && refused_long_enough(row, s));
}

bool row_rules::failed_often_enough(const story& s) const {
    const auto most = world_.settings.promised.runner.machine.retry.max_attempts;
    return s.failures[index(stage::site)] >= most || s.failures[index(stage::certificate)] >= most;
}

bool row_rules::waited_long_enough(const story& s) const {
    const auto limit = world_.settings.promised.runner.machine.retry.server_outage_limit;
    if (limit.count() == 0) return false;
    // Since when a row is pending again is not known to several daemons to the minute.
    const milliseconds unsure = world_.is_shared() ? hosting::announced_from + 1s : 1s;
    return s.times_blurred || world_.now.time.now() - s.last_answer >= limit - unsure;
}

// By the limits of Let's Encrypt, as far as the orders are on the disk. Their times are the daemon's own
// calendar's, which does not follow a wall clock that is set.
milliseconds row_rules::held_for(const site& row) const {
    const disk& state = world_.daemons.front().state;
    std::vector<hosting::order_record> known;
    if (world_.is_shared()) known = world_.queue.orders();
    for (const auto& [id, o] : state.orders)
        known.push_back(o);
    hosting::certificate_budgets budgets(world_.settings.promised.orders_per_server_per_3h);
    budgets.restore(std::move(known));
    const auto now = world_.is_shared()
                         ? world_.queue.now()
                         : state.newest_order + (world_.now.time.now() - state.newest_order_seen);
    const auto place = hosting::place_of(world_.rows.server_of(row)->is);
    const auto hold = budgets.held(place, *hosting::normalise_domain(row.domain), now);
    return hold ? std::chrono::duration_cast<milliseconds>(hold->until - now) : 0ms;
}

// Would the next attempt lie beyond the time that a certificate is given?
bool row_rules::refused_long_enough(const site& row, const story& s) const {
    const auto& retry = world_.settings.promised.runner.machine.retry;
    if (!s.first_refusal) return false;
    // What it went by may not be on the disk (any more).
    const bool just_lost = world_.memory_lost_at + 2min > world_.now.time.now();
    if (s.times_blurred || s.held || world_.order_unrecorded || just_lost) return true;
    const auto failures = s.failures[index(stage::certificate)];
    milliseconds next = hosting::longest_snooze;
    if (failures > 0) next = std::max(next, hosting::delay_after(retry, stage::certificate, failures, 0));
    if (s.told)
        for (std::size_t i = 0; i < world_.daemons.size(); ++i)
            next =
                std::max(next, std::chrono::duration_cast<milliseconds>(*s.told - world_.now.daemon_wall(i)));
    next = std::max(next, held_for(row));
    const auto since = world_.now.time.now() - *s.first_refusal;
    return since + next + next / 20 + 1s >= retry.certificate_give_up_after;
}

} // namespace simulation
