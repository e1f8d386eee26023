#include "core/site_machine.hpp"

#include "core/budgets.hpp"
#include "core/message_text.hpp"

#include <algorithm>

namespace hosting {
namespace {

constexpr unsigned max_guard_rounds = 3; // of somebody else changing the certificate under us
constexpr std::chrono::seconds longest_analytics_delay{15};
constexpr double spread = 0.05; // of a wait that ends for many at once

// The server said what the act ended with.
template<class T>
bool was_answered(const result<T>& what) {
    if (what) return true;
    const errc code = what.error().code;
    const bool was_asked = code != errc::cert_budget && code != errc::cert_no_address;
    return scope_of(code) == failure_scope::site && was_asked && code != errc::ssh_outcome_unknown;
}

} // namespace

std::optional<failure> owner_fault(const site_view& view) {
    if (may_own_sites(view.owner)) return std::nullopt;
    return failure{errc::site_owner, "the site exists on the server with the root '" +
                                         plain_text(view.vhost_root, 120) + "', which is no site user's"};
}

site_machine::site_machine(machine_settings settings, machine_input input, site_progress progress)
    : settings_(settings)
    , input_(std::move(input))
    , progress_(std::move(progress)) {
    enter(stage::site);
}

site_action site_machine::start() {
    if (progress_.undelivered) return report(progress_.undelivered->what);
    if (progress_.document_root) return analytics_or_report();
    return create(input_.users.preferred, false);
}

site_action site_machine::refuse(failure why, const moment& now) { return on_failure(std::move(why), now); }

site_action site_machine::give_up(failure why, const moment& now) {
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(
        now.steady - progress_.waiting_since.value_or(now.steady));
    why.detail = "the site has waited for its server for " + duration_text(waited) + ": " + why.detail;
    return fail(std::move(why));
}

void site_machine::enter(stage next) {
    at_ = next;
    attempt_ = progress_.attempts[index(next)] + 1;
}

site_action site_machine::create(const std::string& user, bool over_orphan) {
    enter(stage::site);
    user_ = user;
    over_orphan_ = over_orphan;
    return do_create_site{{input_.domain, user, over_orphan}};
}

site_action site_machine::on_created(const result<creation_result>& what, const moment& now) {
    if (was_answered(what)) forget_lost_reply();
    if (!what) return on_failure(what.error(), now);
    switch (what->what) {
    case creation_result::kind::found:
    case creation_result::kind::created: return accept_site(*what, now);
    case creation_result::kind::user_used: break;
    }
    const auto& [preferred, hashed] = input_.users;
    if (over_orphan_ || user_ == hashed)
        return on_failure(
            {errc::site_names_used, "the users " + preferred + " and " + hashed +
                                        " exist on the server already, for something else or left "
                                        "by attempts that broke off"},
            now);
    note(log_level::warning, "the user " + preferred + " exists on the server already, " +
                                 (what->orphan ? "left by an attempt that broke off (/home/" + preferred +
                                                     "/htdocs/" + input_.domain + ")"
                                               : "for something else") +
                                 "; the site gets " + hashed);
    return create(hashed, false);
}

site_action site_machine::accept_site(const creation_result& made, const moment& now) {
    view_ = made.view;
    // The server is of use. Who waits at a later stage goes on from there, ever more rarely.
    if (progress_.at == stage::site) progress_.snoozes = 0;
    progress_.waiting_since.reset();
    if (made.what == creation_result::kind::created && view_.owner != user_)
        return on_failure({errc::panel_unexpected_answer, "clpctl added the site for " + user_ +
                                                              ", but its vhost has the root '" +
                                                              plain_text(view_.vhost_root, 120) + "'"},
                          now);
    if (auto fault = owner_fault(view_)) return on_failure(std::move(*fault), now);
    if (made.what == creation_result::kind::created)
        note(log_level::debug, "site created, owned by " + view_.owner);
    else if (is_foreign())
        note(log_level::warning,
             "the site existed already and belongs to " + view_.owner + "; it is used as it is");
    else
        note(log_level::debug, "the site existed already");
    return consider_certificate(now);
}

site_action site_machine::consider_certificate(const moment& now) {
    enter(stage::certificate);
    const auto verdict = judge(view_.installed, now.wall, settings_.keep_if_valid_for);
    if (wants_order(verdict, is_foreign())) {
        if (settings_.preflight && !address_checked_) return do_check_address{};
        return install();
    }
    note(verdict == certificate_verdict::good ? log_level::debug : log_level::warning,
         "the installed certificate is kept: " +
             (verdict == certificate_verdict::good
                  ? "valid until " + utc_text(view_.installed->not_after)
                  : std::string(to_string(verdict)) + ", but the site is somebody else's"));
    return analytics_or_report();
}

// A name that nobody can resolve would only cost an order. When it cannot be told, Let's Encrypt may know
// better.
site_action site_machine::on_address(address_check found, const moment& now) {
    address_checked_ = true;
    if (found == address_check::none)
        return on_failure({errc::cert_no_address, input_.domain + " resolves to no address"}, now);
    return install();
}

site_action site_machine::install() {
    return do_install_certificate{{input_.domain, view_.installed ? view_.installed->mark : std::string()}};
}

site_action site_machine::on_installed(const result<installation_result>& what, const moment& now) {
    if (was_answered(what)) forget_lost_reply();
    if (!what) {
        const bool unknown_to_panel = what.error().code == errc::site_half_made;
        return unknown_to_panel && !over_orphan_ ? make_over_orphan() : on_failure(what.error(), now);
    }
    view_ = what->view;
    if (what->what == installation_result::kind::guard_failed) {
        if (++guard_rounds_ >= max_guard_rounds)
            return on_failure({errc::cert_not_good, "somebody else changes the certificate again and again"},
                              now);
        return consider_certificate(now);
    }
    const auto verdict = judge(view_.installed, now.wall, settings_.keep_if_valid_for);
    if (verdict != certificate_verdict::good)
        return on_failure({errc::cert_not_good, "clpctl reported a certificate, but after that " +
                                                    std::string(to_string(verdict))},
                          now);
    note(log_level::debug, "certificate installed, valid until " + utc_text(view_.installed->not_after));
    return analytics_or_report();
}

// The panel does not know the site although its files exist: an earlier site:add broke off. Nothing is ever
// deleted on a server, so the site is made over it under the other name.
site_action site_machine::make_over_orphan() {
    const auto& [preferred, hashed] = input_.users;
    const std::string& other = view_.owner == preferred ? hashed : preferred;
    if (other == view_.owner)
        return fail(
            {errc::site_names_used, "the panel does not know the site although files of " + view_.owner +
                                        " exist for it, and there is no other name to make it under"});
    note(log_level::warning,
         "the panel does not know the site although files of " + view_.owner + " exist for it (" +
             document_root() + "); it is made again, owned by " + other,
         errc::site_half_made);
    return create(other, true);
}

site_action site_machine::analytics_or_report() {
    enter(stage::analytics);
    if (progress_.at == stage::certificate) progress_.snoozes = 0;
    if (settings_.analytics) return do_register_analytics{};
    return report({outcome::kind::active, document_root(), std::nullopt, {}});
}

site_action site_machine::on_registered(const result<std::int64_t>& what, const moment& now) {
    if (!what) return analytics_failed(what.error(), now);
    return report({outcome::kind::active, document_root(), *what, {}});
}

// Never fails a site, and delays it but a little. What a person must mend at Matomo is no site's line.
site_action site_machine::analytics_failed(failure why, const moment& now) {
    const bool passes = class_of(why.code) == failure_class::transient;
    if (passes && ++progress_.attempts[index(stage::analytics)] < most_analytics_attempts) {
        if (!progress_.analytics_since) progress_.analytics_since = now.steady;
        const auto delay = std::min<std::chrono::milliseconds>(
            delay_after(settings_.retry, stage::analytics, attempt(), now.roll), longest_analytics_delay);
        if (now.steady + delay <= *progress_.analytics_since + longest_analytics_wait) {
            progress_.document_root = document_root();
            return retry_in(delay, std::move(why), now);
        }
    }
    note(passes ? log_level::warning : log_level::info, "the site has no Matomo entry: " + why.detail,
         why.code);
    return report({outcome::kind::active, document_root(), std::nullopt, {}});
}

site_action site_machine::report(outcome what) {
    enter(stage::report);
    progress_.undelivered = undelivered_outcome{what, input_.row};
    return do_report{std::move(what)};
}

site_action site_machine::on_reported(const result<delivery>& what, const moment& now) {
    if (!what) {
        // Whatever the reason, the outcome is kept and offered again: a row must not be left behind.
        ++progress_.attempts[index(stage::report)];
        const bool hopeless = class_of(what.error().code) == failure_class::permanent;
        const auto delay = hopeless ? settings_.retry.max_delay
                                    : delay_after(settings_.retry, stage::report, attempt(), now.roll);
        return retry_in(delay, what.error(), now);
    }
    const bool active = progress_.undelivered->what.what == outcome::kind::active;
    progress_.undelivered.reset();
    if (*what == delivery::row_changed) return do_finish{do_finish::kind::row_changed, std::nullopt, {}};
    if (active)
        note(log_level::info,
             "active" + (view_.installed
                             ? ", its certificate is valid until " + utc_text(view_.installed->not_after)
                             : ""),
             std::nullopt, event::site_active);
    return do_finish{active ? do_finish::kind::active : do_finish::kind::failed, std::nullopt, {}};
}

void site_machine::forget_lost_reply() {
    if (progress_.reply_lost == at_) progress_.reply_lost.reset();
}

site_action site_machine::on_failure(failure why, const moment& now) {
    if (why.code == errc::ssh_outcome_unknown && progress_.reply_lost != at_)
        return look_again(std::move(why), now);
    switch (class_of(why.code)) {
    case failure_class::transient: return transient_failure(std::move(why), now);
    case failure_class::snooze: return snooze(std::move(why), now);
    case failure_class::permanent:
    case failure_class::needs_operator: break;
    }
    return fail(std::move(why));
}

// A connection that broke is most likely not the site's fault; twice in a row at the same stage, it may be.
site_action site_machine::look_again(failure why, const moment& now) {
    progress_.reply_lost = at_;
    return retry_in(snooze_delay(settings_.retry, 1, now.roll), std::move(why), now);
}

site_action site_machine::transient_failure(failure why, const moment& now) {
    progress_.snoozes = 0;
    progress_.waiting_since.reset();
    const unsigned failed = ++progress_.attempts[index(at_)];
    if (failed >= settings_.retry.max_attempts) return fail(std::move(why));
    const auto delay = delay_after(settings_.retry, at_, failed, now.roll);
    if (at_ == stage::certificate) return wait_for_certificate(delay, std::move(why), now);
    return retry_in(delay, std::move(why), now);
}

site_action site_machine::snooze(failure why, const moment& now) {
    std::chrono::milliseconds delay = snooze_delay(settings_.retry, ++progress_.snoozes, now.roll);
    // The panel may have failed with the certificate already issued: each further one would be lost the same
    // way.
    if (at_ == stage::certificate && order_end_of(why.code) == order_end::issued)
        delay = std::max(delay, delay_after(settings_.retry, at_, ++progress_.uncertain_orders, now.roll));
    if (!concerns_server(why.code)) {
        const bool refused = at_ == stage::certificate && scope_of(why.code) != failure_scope::supabase;
        return refused ? wait_for_certificate(delay, std::move(why), now)
                       : retry_in(delay, std::move(why), now);
    }
    if (!progress_.waiting_since) progress_.waiting_since = now.steady;
    const auto limit = settings_.retry.server_outage_limit;
    if (limit.count() > 0 && now.steady - *progress_.waiting_since >= limit)
        return give_up(std::move(why), now);
    return retry_in(delay, std::move(why), now);
}

site_action site_machine::wait_for_certificate(std::chrono::milliseconds delay, failure why,
                                               const moment& now) {
    if (!progress_.first_refusal) progress_.first_refusal = now.steady;
    if (why.not_before && *why.not_before > now.wall) {
        const auto told = std::chrono::duration_cast<std::chrono::milliseconds>(*why.not_before - now.wall);
        delay = std::max(
            delay, told + std::chrono::duration_cast<std::chrono::milliseconds>(told * (spread * now.roll)));
    }
    if (now.steady + delay > *progress_.first_refusal + settings_.retry.certificate_give_up_after)
        return fail(std::move(why));
    return retry_in(delay, std::move(why), now);
}

site_action site_machine::fail(failure why) {
    progress_.at = at_;
    progress_.last = why;
    if (input_.row.status_hosting == "active")
        return do_finish{do_finish::kind::left_active, std::move(why), {}};
    note(log_level::warning, "failed: " + why.detail, why.code, event::site_failed);
    const bool known = progress_.document_root || !view_.owner.empty();
    return report({outcome::kind::failed, known ? std::optional(document_root()) : std::nullopt, std::nullopt,
                   error_message(why)});
}

site_action site_machine::retry_in(std::chrono::milliseconds delay, failure why, const moment& now) {
    if (!progress_.failed_since) progress_.failed_since = now.steady;
    progress_.at = at_;
    progress_.last = why;
    return do_finish{do_finish::kind::retry, std::move(why), delay};
}

bool site_machine::is_foreign() const { return !input_.users.has(view_.owner); }

std::string site_machine::document_root() const {
    if (progress_.document_root) return *progress_.document_root;
    return "/home/" + view_.owner + "/htdocs/" + input_.domain;
}

void site_machine::note(log_level level, std::string text, std::optional<errc> cause,
                        std::optional<event> milestone) {
    notices_.push_back({level, std::move(text), cause, at_, attempt(), milestone});
}

} // namespace hosting
