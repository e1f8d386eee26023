#include "core/site_machine.hpp"

#include "core/message_text.hpp"

#include <algorithm>

namespace hosting {
namespace {

constexpr unsigned max_guard_rounds = 3; // of somebody else changing the certificate under us

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
    if (progress_.undelivered) return report(*progress_.undelivered);
    return create(input_.users.preferred, false);
}

site_action site_machine::refuse(failure why, const moment& now) { return on_failure(std::move(why), now); }

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
    note(log_level::warning, "the user " + preferred +
                                 " exists on the server already, for something else; the site gets " +
                                 hashed);
    return create(hashed, false);
}

site_action site_machine::accept_site(const creation_result& made, const moment& now) {
    view_ = made.view;
    // The server is of use.
    progress_.snoozes = 0;
    progress_.waiting_since.reset();
    if (made.what == creation_result::kind::created && view_.owner != user_)
        return on_failure({errc::panel_unexpected_answer, "clpctl added the site for " + user_ +
                                                              ", but its vhost has the root '" +
                                                              plain_text(view_.vhost_root, 120) + "'"},
                          now);
    if (auto fault = owner_fault(view_)) return on_failure(std::move(*fault), now);
    if (made.what == creation_result::kind::created)
        note(log_level::info, "site created, owned by " + view_.owner);
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
    if (wants_order(verdict, is_foreign()))
        return do_install_certificate{
            {input_.domain, view_.installed ? view_.installed->mark : std::string()}};
    note(verdict == certificate_verdict::good ? log_level::debug : log_level::warning,
         "the installed certificate is kept: " +
             (verdict == certificate_verdict::good
                  ? "valid until " + utc_text(view_.installed->not_after)
                  : std::string(to_string(verdict)) + ", but the site is somebody else's"));
    return analytics_or_report();
}

site_action site_machine::on_installed(const result<installation_result>& what, const moment& now) {
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
    note(log_level::info, "certificate installed, valid until " + utc_text(view_.installed->not_after));
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
    if (settings_.analytics) return do_register_analytics{};
    return report({outcome::kind::active, document_root(), std::nullopt, {}});
}

site_action site_machine::on_registered(const result<std::int64_t>& what) {
    if (what)
        matomo_site_id_ = *what;
    else
        note(log_level::warning, "the site has no Matomo entry: " + what.error().detail, what.error().code);
    return report({outcome::kind::active, document_root(), matomo_site_id_, {}});
}

site_action site_machine::report(outcome what) {
    enter(stage::report);
    progress_.undelivered = what;
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
    const bool active = progress_.undelivered->what == outcome::kind::active;
    progress_.undelivered.reset();
    if (*what == delivery::row_changed) return do_finish{do_finish::kind::row_changed, std::nullopt, {}};
    return do_finish{active ? do_finish::kind::active : do_finish::kind::failed, std::nullopt, {}};
}

site_action site_machine::on_failure(failure why, const moment& now) {
    switch (class_of(why.code)) {
    case failure_class::transient: return transient_failure(std::move(why), now);
    case failure_class::snooze: return snooze(std::move(why), now);
    case failure_class::permanent:
    case failure_class::needs_operator: break;
    }
    return fail(std::move(why));
}

site_action site_machine::transient_failure(failure why, const moment& now) {
    progress_.snoozes = 0;
    progress_.waiting_since.reset();
    const unsigned failed = ++progress_.attempts[index(at_)];
    if (failed >= settings_.retry.max_attempts) return fail(std::move(why));
    const auto delay = delay_after(settings_.retry, at_, failed, now.roll);
    if (at_ == stage::certificate) {
        if (!progress_.first_refusal) progress_.first_refusal = now.steady;
        if (now.steady + delay > *progress_.first_refusal + settings_.retry.certificate_give_up_after)
            return fail(std::move(why));
    }
    return retry_in(delay, std::move(why), now);
}

site_action site_machine::snooze(failure why, const moment& now) {
    if (!progress_.waiting_since) progress_.waiting_since = now.steady;
    const auto limit = settings_.retry.server_outage_limit;
    if (limit.count() > 0 && now.steady - *progress_.waiting_since >= limit) return fail(std::move(why));
    return retry_in(delay_after(settings_.retry, stage::site, ++progress_.snoozes, now.roll), std::move(why),
                    now);
}

site_action site_machine::fail(failure why) {
    progress_.at = at_;
    progress_.last = why.code;
    if (input_.read_as_active) return do_finish{do_finish::kind::left_active, std::move(why), {}};
    note(log_level::warning, "failed: " + why.detail, why.code);
    const bool known = !view_.owner.empty();
    return report({outcome::kind::failed, known ? std::optional(document_root()) : std::nullopt, std::nullopt,
                   error_message(why)});
}

site_action site_machine::retry_in(std::chrono::milliseconds delay, failure why, const moment& now) {
    if (!progress_.failed_since) progress_.failed_since = now.steady;
    progress_.at = at_;
    progress_.last = why.code;
    return do_finish{do_finish::kind::retry, std::move(why), delay};
}

bool site_machine::is_foreign() const { return !input_.users.has(view_.owner); }

std::string site_machine::document_root() const {
    return "/home/" + view_.owner + "/htdocs/" + input_.domain;
}

void site_machine::note(log_level level, std::string text, std::optional<errc> cause) {
    notices_.push_back({level, std::move(text), cause, at_, attempt()});
}

} // namespace hosting
