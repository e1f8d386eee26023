#include "core/budgets.hpp"

#include "core/registered_domain.hpp"

#include <algorithm>
#include <chrono>
#include <concepts>

namespace hosting {
namespace {

using namespace std::chrono_literals;
using by = order_log::by;
using order = order_log::order;

constexpr auto server_window = 3h;
constexpr auto week = 7 * 24h;
constexpr auto validation_window = 1h;
constexpr auto first_refusal_wait = 1h;
constexpr auto longest_refusal_wait = 24h;
constexpr std::size_t certificates_per_registered_domain = 50;
constexpr std::size_t certificates_per_names = 5;
constexpr std::size_t failed_validations_per_name = 5;
static_assert(order_log::kept >= week + longest_refusal_wait);

// Until when a limit of a sliding window holds, if it does: the orders from `newest` on that count, beginning
// with the newest, are there `limit` times within it.
template<std::predicate<const order&> Counts>
std::optional<wall_time> full_until(const order_log& log, by what, const order* newest, std::size_t limit,
                                    std::chrono::hours window, wall_time now, Counts counts) {
    std::size_t found = 0;
    for (const order* o = newest; o && o->at > now - window; o = log.older(what, *o))
        if (counts(*o) && ++found == limit) return o->at + window;
    return std::nullopt;
}

bool counts_always(const order&) { return true; }
// Asked from the newest order for the same names to the oldest. Of those in a row whose answer was lost, as
// in a life that ended, only the newest counts: a look found nothing of each before the next was sent.
class may_be_issued {
public:
    bool operator()(const order& o) {
        const bool lost = o.end == order_end::unknown;
        const bool repeated = lost && newer_lost_ && newer_lost_->key(by::place) == o.key(by::place);
        newer_lost_ = lost ? &o : nullptr;
        return (lost && !repeated) || o.end == order_end::issued;
    }

private:
    const order* newer_lost_ = nullptr;
};
bool is_refused_for_now(const order& o) { return o.end == order_end::rate_limited; }

// The refusals in a row that end with the newest known answer of a name.
struct refusals {
    const order* last = nullptr;
    unsigned in_a_row = 0;
};

refusals newest_refusals(const order_log& log, const order* newest) {
    refusals out;
    for (const order* o = newest; o; o = log.older(by::names, *o)) {
        if (o->end == order_end::unknown) continue;
        if (!is_refused_for_now(*o) || (out.last && o->at <= out.last->at - week)) break;
        if (!out.last) out.last = o;
        ++out.in_a_row;
    }
    return out;
}

wall_time refused_until(const refusals& r) {
    const order& last = *r.last;
    if (last.not_before > last.at) return std::min(last.not_before, last.at + week);
    std::chrono::hours wait = first_refusal_wait;
    for (unsigned i = 1; i < r.in_a_row && wait < longest_refusal_wait; ++i)
        wait *= 2;
    return last.at + std::min<std::chrono::hours>(wait, longest_refusal_wait);
}

// Whether this refusal is one of three names' within the window that ends with it.
bool is_third(const order_log& log, const order& refusal) {
    const order_log::digest first = refusal.key(by::names);
    std::optional<order_log::digest> second;
    for (const order* o = log.older(by::place, refusal); o && o->at > refusal.at - server_window;
         o = log.older(by::place, *o)) {
        const order_log::digest name = o->key(by::names);
        if (!is_refused_for_now(*o) || name == first || name == second) continue;
        if (second) return true;
        second = name;
    }
    return false;
}

std::optional<wall_time> rests_until(const order_log& log, const order* newest, wall_time now) {
    for (const order* o = newest; o && o->at > now - server_window; o = log.older(by::place, *o))
        if (is_refused_for_now(*o) && is_third(log, *o)) return o->at + server_window;
    return std::nullopt;
}

std::string refusal_sentence(std::string_view names, unsigned in_a_row) {
    std::string out = "Let's Encrypt refused the last ";
    out += in_a_row == 1 ? "order" : std::to_string(in_a_row) + " orders";
    return out + " for " + std::string(names) + " for now";
}

} // namespace

std::optional<certificate_budgets::hold> certificate_budgets::held(std::string_view place,
                                                                   std::string_view domain, wall_time now) {
    forget_old(now);
    const std::string registered = registered_domain(domain);
    const std::string names(names_of(domain, registered));
    const order* of_place = log_.newest(by::place, place);
    const order* of_names = log_.newest(by::names, names);
    const order* of_registered = log_.newest(by::certificates, registered);

    std::optional<hold> longest;
    auto consider = [&](std::optional<wall_time> until, const auto& why) {
        if (until && *until > now && (!longest || *until > longest->until)) longest = hold{*until, why()};
    };
    consider(
        full_until(log_, by::place, of_place, orders_per_server_, server_window, now, counts_always),
        [&] { return "the server sent its " + std::to_string(orders_per_server_) + " orders of 3 hours"; });
    consider(full_until(log_, by::certificates, of_registered, certificates_per_registered_domain, week, now,
                        counts_always),
             [&] { return registered + " had 50 certificates within 7 days, which is the limit"; });
    consider(full_until(log_, by::names, of_names, certificates_per_names, week, now, may_be_issued()), [&] {
        return names + " had 5 certificates for the same names within 7 days, which is the limit";
    });
    const auto failed_here = [&](const order& o) {
        return o.end == order_end::validation_refused && of_place &&
               o.key(by::place) == of_place->key(by::place);
    };
    consider(
        full_until(log_, by::names, of_names, failed_validations_per_name, validation_window, now,
                   failed_here),
        [&] { return names + " failed 5 validations on this server within an hour, which is the limit"; });
    if (const refusals r = newest_refusals(log_, of_names); r.last)
        consider(refused_until(r), [&] { return refusal_sentence(names, r.in_a_row); });
    consider(rests_until(log_, of_place, now), [] {
        return std::string("Let's Encrypt refused orders for three names of this server within 3 hours");
    });
    return longest;
}

order_record certificate_budgets::add(std::string_view place, std::string_view domain, wall_time now) {
    forget_old(now);
    return log_.add(place, domain, now);
}

std::optional<order_record> certificate_budgets::end(std::uint64_t id, order_end how,
                                                     std::optional<wall_time> not_before) {
    return log_.end(id, how, not_before);
}

std::size_t certificate_budgets::remaining(std::string_view place, wall_time now) const {
    const order* newest = log_.newest(by::place, place);
    if (rests_until(log_, newest, now)) return 0;
    std::size_t sent = 0;
    for (const order* o = newest; o && o->at > now - server_window && sent < orders_per_server_;
         o = log_.older(by::place, *o))
        ++sent;
    return orders_per_server_ - sent;
}

order_end order_end_of(errc cause) noexcept {
    switch (cause) {
    case errc::cert_dns:
    case errc::cert_validation: return order_end::validation_refused;
    case errc::cert_rate_limit: return order_end::rate_limited;
    case errc::cert_account: return order_end::refused;
    case errc::cert_not_good: return order_end::issued;
    // They come up when the panel stores what it got, too.
    case errc::panel_database_locked:
    case errc::panel_disk_full: return order_end::issued;

    // It may have run, wholly or in part.
    case errc::ssh_outcome_unknown:
    case errc::step_timeout:
    case errc::panel_unexpected_answer:
    case errc::site_step:
    case errc::internal: return order_end::unknown;

    // clpctl did not run, or refused before it asked Let's Encrypt.
    case errc::ssh_unreachable:
    case errc::ssh_not_started:
    case errc::ssh_auth:
    case errc::ssh_auth_revoked:
    case errc::ssh_key:
    case errc::ssh_host_key:
    case errc::ssh_host_key_replaced:
    case errc::clpctl_missing:
    case errc::clpctl_gone:
    case errc::clpctl_privilege:
    case errc::clpctl_privilege_gone:
    case errc::panel_broken:
    case errc::panel_busy:
    case errc::panel_suffix_list:
    case errc::site_refused:
    case errc::site_half_made:
    case errc::lease_lost: return order_end::not_sent;

    // No cause of a certificate's call at all.
    case errc::domain_invalid:
    case errc::server_unknown:
    case errc::server_ambiguous:
    case errc::site_names_used:
    case errc::site_owner:
    case errc::cert_no_address:
    case errc::cert_budget:
    case errc::supabase_unreachable:
    case errc::supabase_refused:
    case errc::supabase_schema:
    case errc::supabase_unexpected:
    case errc::row_rejected:
    case errc::matomo_unreachable:
    case errc::matomo_refused:
    case errc::matomo_unexpected:
    case errc::matomo_not_configured:
    case errc::memory_unusable: return order_end::not_sent;
    }
    return order_end::unknown;
}

} // namespace hosting
