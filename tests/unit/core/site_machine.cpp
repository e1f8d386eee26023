#include "core/site_machine.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <vector>

using namespace std::chrono_literals;
using namespace hosting;

namespace {

const std::string domain = "example.com";
const site_users users{"user_examplecom", "user_examplecom_a379a6f6"};
const auto wall = std::chrono::system_clock::from_time_t(1'767'225'600);

moment at(std::chrono::steady_clock::duration since_start = 0s, double roll = 0.5) {
    return {std::chrono::steady_clock::time_point(1h) + since_start, wall + since_start, roll};
}

certificate good_certificate() { return {"good", true, false, false, true, wall - 24h, wall + 89 * 24h}; }
certificate self_signed_certificate() {
    return {"self", true, true, false, true, wall - 24h, wall + 364 * 24h};
}

site_view view(const std::string& owner, std::optional<certificate> installed) {
    return {true, "/home/" + owner + "/htdocs/" + domain, owner, std::move(installed)};
}

creation_result made(creation_result::kind what, const std::string& owner = users.preferred,
                     std::optional<certificate> installed = self_signed_certificate()) {
    return {what, view(owner, std::move(installed))};
}

installation_result installed(std::optional<certificate> now, const std::string& owner = users.preferred) {
    return {installation_result::kind::installed, view(owner, std::move(now))};
}

site_machine machine(site_progress progress = {}, bool read_as_active = false, bool analytics = true) {
    machine_settings settings;
    settings.analytics = analytics;
    settings.preflight = false;
    site row;
    row.status_hosting = read_as_active ? "active" : "pending";
    return {settings, {domain, users, std::move(row)}, std::move(progress)};
}

// A machine that is in the stage given, about to hear the result of its action.
site_machine machine_in(stage s, site_progress progress = {}, bool read_as_active = false) {
    auto m = machine(std::move(progress), read_as_active);
    (void)m.start();
    if (s == stage::site) return m;
    (void)m.on_created(made(creation_result::kind::created), at());
    if (s == stage::certificate) return m;
    (void)m.on_installed(installed(good_certificate()), at());
    if (s == stage::analytics) return m;
    (void)m.on_registered(7, at());
    return m;
}

site_action fail_in(site_machine& m, stage s, failure why, const moment& now = at()) {
    switch (s) {
    case stage::site: return m.on_created(why, now);
    case stage::certificate: return m.on_installed(why, now);
    case stage::analytics: return m.on_registered(why, now);
    case stage::report: return m.on_reported(why, now);
    }
    return do_finish{};
}

const do_finish& as_finish(const site_action& a) { return std::get<do_finish>(a); }
const outcome& as_report(const site_action& a) { return std::get<do_report>(a).what; }

std::string last_notice(site_machine& m) {
    const auto notices = m.take_notices();
    return notices.empty() ? std::string() : notices.back().text;
}

const std::string docroot = "/home/user_examplecom/htdocs/example.com";

} // namespace

BOOST_AUTO_TEST_SUITE(site_machine_rules)

BOOST_AUTO_TEST_CASE(a_new_site_goes_through_all_stages) {
    auto m = machine();
    BOOST_TEST((m.start() == site_action(do_create_site{{domain, users.preferred, false}})));
    BOOST_TEST((m.on_created(made(creation_result::kind::created), at()) ==
                site_action(do_install_certificate{{domain, "self"}})));
    BOOST_TEST((m.at() == stage::certificate));
    BOOST_TEST((m.on_installed(installed(good_certificate()), at()) == site_action(do_register_analytics{})));
    BOOST_TEST((m.on_registered(7, at()) == site_action(do_report{{outcome::kind::active, docroot, 7, ""}})));
    BOOST_TEST((m.on_reported(delivery::written, at()) == site_action(do_finish{})));
    BOOST_TEST(!m.progress().undelivered.has_value());
    const auto notices = m.take_notices();
    BOOST_REQUIRE(notices.size() == 3U);
    BOOST_TEST(notices[0].text == "site created, owned by user_examplecom");
    BOOST_TEST(notices[1].text == "certificate installed, valid until 2026-03-31T00:00:00Z");
    BOOST_TEST(notices[2].text == "active, its certificate is valid until 2026-03-31T00:00:00Z");
    BOOST_TEST((notices[2].milestone == event::site_active));
    BOOST_TEST((std::ranges::count(notices, log_level::info, &notice::level) == 1)); // journald limits lines
}

BOOST_AUTO_TEST_CASE(a_finished_site_costs_no_command_but_the_look) {
    auto m = machine();
    (void)m.start();
    BOOST_TEST((m.on_created(made(creation_result::kind::found, users.preferred, good_certificate()), at()) ==
                site_action(do_register_analytics{})));
}

BOOST_AUTO_TEST_CASE(without_a_certificate_the_guard_expects_none) {
    auto m = machine();
    (void)m.start();
    BOOST_TEST((m.on_created(made(creation_result::kind::found, users.preferred, std::nullopt), at()) ==
                site_action(do_install_certificate{{domain, ""}})));
}

BOOST_AUTO_TEST_CASE(without_analytics_the_report_follows_the_certificate) {
    auto m = machine({}, false, false);
    (void)m.start();
    BOOST_TEST((m.on_created(made(creation_result::kind::found, users.preferred, good_certificate()), at()) ==
                site_action(do_report{{outcome::kind::active, docroot, std::nullopt, ""}})));
}

// Owners

BOOST_AUTO_TEST_CASE(a_used_user_name_leads_to_the_other) {
    auto m = machine();
    (void)m.start();
    BOOST_TEST((m.on_created(creation_result{creation_result::kind::user_used, {}}, at()) ==
                site_action(do_create_site{{domain, users.hashed, false}})));
    const auto action = m.on_created(creation_result{creation_result::kind::user_used, {}}, at());
    BOOST_TEST(as_report(action).error_message.starts_with(
        "E_SITE_ADD: the users user_examplecom and user_examplecom_a379a6f6 exist"));
}

BOOST_AUTO_TEST_CASE(a_foreign_site_is_adopted_with_a_warning) {
    auto m = machine();
    (void)m.start();
    const auto action = m.on_created(made(creation_result::kind::found, "john", good_certificate()), at());
    BOOST_TEST((action == site_action(do_register_analytics{})));
    const auto notices = m.take_notices();
    BOOST_TEST((notices[0].level == log_level::warning));
    BOOST_TEST(notices[0].text == "the site existed already and belongs to john; it is used as it is");
    BOOST_TEST((m.on_registered(7, at()) ==
                site_action(do_report{{outcome::kind::active, "/home/john/htdocs/example.com", 7, ""}})));
}

BOOST_AUTO_TEST_CASE(on_a_foreign_site_an_ageing_certificate_is_kept_and_a_self_signed_one_replaced) {
    auto ageing = good_certificate();
    ageing.not_after = wall + 24h;
    auto m = machine();
    (void)m.start();
    BOOST_TEST((m.on_created(made(creation_result::kind::found, "john", ageing), at()) ==
                site_action(do_register_analytics{})));
    auto n = machine();
    (void)n.start();
    BOOST_TEST((n.on_created(made(creation_result::kind::found, "john"), at()) ==
                site_action(do_install_certificate{{domain, "self"}})));
}

BOOST_AUTO_TEST_CASE(system_owners_are_refused) {
    for (const std::string owner : {"root", "clp", "www-data", ""}) {
        auto m = machine();
        (void)m.start();
        const auto action = m.on_created(made(creation_result::kind::found, owner), at());
        BOOST_TEST(as_report(action).error_message.starts_with("E_SITE_OWNER: "));
    }
}

BOOST_AUTO_TEST_CASE(a_created_site_must_belong_to_whom_it_was_created_for) {
    auto m = machine();
    (void)m.start();
    const auto action = m.on_created(made(creation_result::kind::created, "john"), at());
    BOOST_TEST((as_finish(action).why->code == errc::panel_unexpected_answer));
}

// The panel overrules the look

BOOST_AUTO_TEST_CASE(a_half_made_site_is_made_again_under_the_other_name) {
    auto m = machine_in(stage::certificate);
    (void)m.take_notices();
    const failure unknown{errc::site_half_made, "Site \"example.com\" does not exist."};
    BOOST_TEST((m.on_installed(unknown, at()) == site_action(do_create_site{{domain, users.hashed, true}})));
    BOOST_TEST(last_notice(m) ==
               "the panel does not know the site although files of user_examplecom exist for it "
               "(/home/user_examplecom/htdocs/example.com); it is made again, owned by "
               "user_examplecom_a379a6f6");
    BOOST_TEST((m.on_created(made(creation_result::kind::created, users.hashed), at()) ==
                site_action(do_install_certificate{{domain, "self"}})));
}

BOOST_AUTO_TEST_CASE(over_an_orphan_a_used_name_ends_it) {
    auto m = machine_in(stage::certificate);
    (void)m.on_installed(failure{errc::site_half_made, "x"}, at());
    const auto action = m.on_created(creation_result{creation_result::kind::user_used, {}}, at());
    BOOST_TEST(as_report(action).error_message.starts_with("E_SITE_ADD: the users user_examplecom and "));
}

// Certificates

BOOST_AUTO_TEST_CASE(a_certificate_that_changed_under_us_is_judged_anew) {
    auto m = machine_in(stage::certificate);
    const installation_result changed{installation_result::kind::guard_failed,
                                      view(users.preferred, good_certificate())};
    BOOST_TEST((m.on_installed(changed, at()) == site_action(do_register_analytics{})));
    auto n = machine_in(stage::certificate);
    auto other = self_signed_certificate();
    other.mark = "other";
    const installation_result still_bad{installation_result::kind::guard_failed,
                                        view(users.preferred, other)};
    BOOST_TEST((n.on_installed(still_bad, at()) == site_action(do_install_certificate{{domain, "other"}})));
    (void)n.on_installed(still_bad, at());
    BOOST_TEST((as_finish(n.on_installed(still_bad, at())).why->code == errc::cert_not_good));
}

BOOST_AUTO_TEST_CASE(success_without_a_good_certificate_is_none) {
    auto staging = good_certificate();
    staging.staging = true;
    for (const auto& bad :
         {std::optional<certificate>(), std::optional(self_signed_certificate()), std::optional(staging)}) {
        auto m = machine_in(stage::certificate);
        BOOST_TEST((as_finish(m.on_installed(installed(bad), at())).why->code == errc::cert_not_good));
    }
}

BOOST_AUTO_TEST_CASE(certificates_are_tried_again_after_1_10_100_minutes_and_not_beyond_a_day) {
    auto m = machine_in(stage::certificate);
    const failure refused{errc::cert_dns, "no A record"};
    BOOST_TEST((as_finish(m.on_installed(refused, at(0s))).delay == 1min));
    auto second = machine_in(stage::certificate, m.progress());
    BOOST_TEST((as_finish(second.on_installed(refused, at(1min))).delay == 10min));
    auto third = machine_in(stage::certificate, second.progress());
    BOOST_TEST((as_finish(third.on_installed(refused, at(11min))).delay == 100min));
    // The next would be a day later, beyond give_up_after since the first refusal: it fails now.
    auto fourth = machine_in(stage::certificate, third.progress());
    BOOST_TEST(as_report(fourth.on_installed(refused, at(111min))).error_message ==
               "E_CERT_DNS: no A record; the domain's DNS must point to the server");
}

BOOST_AUTO_TEST_CASE(supabases_trouble_takes_nothing_of_the_time_that_a_certificate_is_given) {
    auto m = machine_in(stage::certificate);
    const failure away{errc::supabase_unreachable, "the order cannot be noted"};
    BOOST_TEST((as_finish(m.on_installed(away, at(0s))).what == do_finish::kind::retry));
    BOOST_TEST(!m.progress().first_refusal);
    auto late = machine_in(stage::certificate, m.progress());
    BOOST_TEST((as_finish(late.on_installed(away, at(48h))).what == do_finish::kind::retry));
}

// Every class of failure in every stage

BOOST_AUTO_TEST_CASE(a_transient_failure_is_tried_again_and_counted) {
    for (const auto s : {stage::site, stage::certificate}) {
        auto m = machine_in(s);
        const auto action = fail_in(m, s, {errc::step_timeout, "slow"});
        BOOST_TEST((as_finish(action).what == do_finish::kind::retry));
        BOOST_TEST(m.progress().attempts[static_cast<std::size_t>(s)] == 1U);
        BOOST_TEST((m.progress().at == s));
        BOOST_TEST((m.progress().last.code == errc::step_timeout));
    }
}

BOOST_AUTO_TEST_CASE(the_last_attempt_fails_the_site_with_its_cause) {
    site_progress progress;
    progress.attempts[0] = 7;
    auto m = machine_in(stage::site, progress);
    const auto action = m.on_created(failure{errc::step_timeout, "clpctl was slow"}, at());
    BOOST_TEST(
        (as_report(action) == outcome{outcome::kind::failed, std::nullopt, std::nullopt,
                                      "E_TIMEOUT: clpctl was slow; the server's administrator must act"}));
    BOOST_TEST((m.on_reported(delivery::written, at()) ==
                site_action(do_finish{do_finish::kind::failed, std::nullopt, {}})));
}

BOOST_AUTO_TEST_CASE(a_failed_certificate_reports_the_document_root_that_exists) {
    site_progress progress;
    progress.attempts[1] = 7;
    auto m = machine_in(stage::certificate, progress);
    BOOST_TEST((as_report(m.on_installed(failure{errc::cert_dns, "x"}, at())).document_root == docroot));
}

BOOST_AUTO_TEST_CASE(a_snooze_costs_no_attempt_until_the_outage_limit) {
    const failure down{errc::ssh_unreachable, "connection refused"};
    auto m = machine_in(stage::site);
    BOOST_TEST((as_finish(fail_in(m, stage::site, down, at(0s))).what == do_finish::kind::retry));
    BOOST_TEST(m.progress().attempts[0] == 0U);
    auto later = machine_in(stage::site, m.progress());
    BOOST_TEST((as_finish(fail_in(later, stage::site, down, at(119min))).what == do_finish::kind::retry));
    auto last = machine_in(stage::site, later.progress());
    BOOST_TEST(
        as_report(fail_in(last, stage::site, down, at(2h))).error_message.starts_with("E_SSH_UNREACHABLE: "));
}

BOOST_AUTO_TEST_CASE(a_server_that_came_back_starts_a_new_outage) {
    auto m = machine_in(stage::site);
    (void)fail_in(m, stage::site, {errc::ssh_unreachable, "x"}, at(0s));
    auto later = machine_in(stage::certificate, m.progress()); // the site stage went well in between
    const auto action = fail_in(later, stage::certificate, {errc::panel_busy, "x"}, at(3h));
    BOOST_TEST((as_finish(action).what == do_finish::kind::retry));
    BOOST_TEST(later.progress().attempts[1] == 0U);
}

BOOST_AUTO_TEST_CASE(an_outage_limit_of_zero_never_fails_a_site) {
    machine_settings settings;
    settings.retry.server_outage_limit = 0ms;
    site_progress progress;
    progress.waiting_since = at().steady;
    site_machine m(settings, {domain, users, {}}, progress);
    (void)m.start();
    const auto action = m.on_created(failure{errc::ssh_unreachable, "x"}, at(10'000h));
    BOOST_TEST((as_finish(action).what == do_finish::kind::retry));
}

BOOST_AUTO_TEST_CASE(permanent_and_operator_failures_fail_at_once) {
    for (const auto s : {stage::site, stage::certificate})
        for (const auto code : {errc::site_refused, errc::ssh_auth, errc::clpctl_missing}) {
            auto m = machine_in(s);
            BOOST_TEST((as_report(fail_in(m, s, {code, "x"})).what == outcome::kind::failed));
        }
}

BOOST_AUTO_TEST_CASE(analytics_that_a_person_must_mend_costs_a_site_nothing) {
    for (const auto code : {errc::matomo_refused, errc::matomo_not_configured}) {
        auto m = machine_in(stage::analytics);
        (void)m.take_notices();
        const auto action = m.on_registered(failure{code, "the token was refused"}, at());
        BOOST_TEST((as_report(action) == outcome{outcome::kind::active, docroot, std::nullopt, ""}));
        const auto notices = m.take_notices();
        BOOST_REQUIRE(notices.size() == 1U);
        BOOST_TEST((notices[0].level == log_level::info)); // the warning is Matomo's, not each site's
        BOOST_TEST(notices[0].text == "the site has no Matomo entry: the token was refused");
    }
}

BOOST_AUTO_TEST_CASE(analytics_is_tried_three_times_within_two_minutes_and_never_fails_a_site) {
    for (const auto code : {errc::matomo_unreachable, errc::matomo_unexpected, errc::internal}) {
        const failure away{code, "no answer"};
        auto m = machine_in(stage::analytics);
        const auto first = m.on_registered(away, at(0s, 1.0));
        BOOST_TEST((as_finish(first).what == do_finish::kind::retry));
        BOOST_TEST((as_finish(first).delay <= 15s));
        // The site is done with its server: the next run begins where this one ended.
        auto second = machine(m.progress());
        BOOST_TEST((second.start() == site_action(do_register_analytics{})));
        BOOST_TEST((as_finish(second.on_registered(away, at(50s, 1.0))).what == do_finish::kind::retry));
        auto third = machine(second.progress());
        (void)third.start();
        const auto last = third.on_registered(away, at(100s, 1.0));
        BOOST_TEST((as_report(last) == outcome{outcome::kind::active, docroot, std::nullopt, ""}));
        BOOST_TEST(last_notice(third) == "the site has no Matomo entry: no answer");
        auto late = machine(m.progress());
        (void)late.start();
        BOOST_TEST((as_report(late.on_registered(away, at(2min, 1.0))).what == outcome::kind::active));
    }
}

// What is not the site's fault, and what is only perhaps

BOOST_AUTO_TEST_CASE(the_first_lost_reply_of_a_stage_costs_nothing_and_the_second_in_a_row_does) {
    const failure lost{errc::ssh_outcome_unknown, "the connection broke"};
    for (const auto s : {stage::site, stage::certificate}) {
        const auto index = static_cast<std::size_t>(s);
        auto m = machine_in(s);
        BOOST_TEST((as_finish(fail_in(m, s, lost)).delay <= 30s)); // a look, not another order
        BOOST_TEST(m.progress().attempts[index] == 0U);
        auto down = machine_in(s, m.progress());
        (void)fail_in(down, s, {errc::ssh_unreachable, "x"}); // no answer to what was lost
        if (s == stage::certificate) (void)fail_in(down, s, {errc::cert_budget, "x"});
        auto again = machine_in(s, down.progress());
        (void)fail_in(again, s, lost);
        BOOST_TEST(again.progress().attempts[index] == 1U);
        auto known = machine_in(s, again.progress());
        (void)fail_in(known, s, {errc::step_timeout, "slow"});
        auto fresh = machine_in(s, known.progress());
        (void)fail_in(fresh, s, lost);
        BOOST_TEST(fresh.progress().attempts[index] == 2U); // of the two before
    }
}

BOOST_AUTO_TEST_CASE(a_site_that_waited_for_its_server_long_enough_fails_with_the_servers_cause) {
    site_progress progress;
    progress.waiting_since = at(-2h).steady;
    auto m = machine(progress);
    BOOST_TEST(
        as_report(m.give_up({errc::ssh_unreachable, "connection refused"}, at())).error_message ==
        "E_SSH_UNREACHABLE: the site has waited for its server for 2 h: connection refused; the server's "
        "administrator must act");
}

BOOST_AUTO_TEST_CASE(a_certificate_waits_as_long_as_it_was_told_to_and_no_longer_than_we_give_it) {
    const auto told = [](std::chrono::hours ahead) {
        return failure{errc::cert_budget, "spent", at(ahead).wall};
    };
    auto m = machine_in(stage::certificate);
    const auto wait = as_finish(m.on_installed(told(3h), at(0s, 0.0)));
    BOOST_TEST((wait.what == do_finish::kind::retry));
    BOOST_TEST((wait.delay == 3h));
    BOOST_TEST(m.progress().attempts[1] == 0U);
    auto late = machine_in(stage::certificate, m.progress());
    BOOST_TEST(
        as_report(late.on_installed(told(25h), at(3h))).error_message.starts_with("E_CERT_RATE_LIMIT: "));
    auto refused = machine_in(stage::certificate);
    const failure limit{errc::cert_rate_limit, "429", at(2h).wall};
    BOOST_TEST((as_finish(refused.on_installed(limit, at(0s, 0.0))).delay == 2h));
    BOOST_TEST(refused.progress().attempts[1] == 1U);
}

BOOST_AUTO_TEST_CASE(a_panel_that_may_have_lost_a_certificate_is_not_soon_asked_for_another) {
    const failure full{errc::panel_disk_full, "no space"};
    auto m = machine_in(stage::certificate);
    BOOST_TEST((as_finish(m.on_installed(full, at())).delay == 1min));
    auto second = machine_in(stage::certificate, m.progress());
    BOOST_TEST((as_finish(second.on_installed(full, at(1min))).delay == 10min));
    BOOST_TEST(second.progress().attempts[1] == 0U);
    auto look = machine_in(stage::site, second.progress());
    BOOST_TEST((as_finish(look.on_created(full, at(11min))).delay <= 5min)); // no order could be lost there
}

BOOST_AUTO_TEST_CASE(a_name_without_an_address_gets_no_order_and_waits) {
    machine_settings settings;
    const auto checking = [&](site_progress progress) {
        site_machine m(settings, {domain, users, {}}, std::move(progress));
        (void)m.start();
        BOOST_TEST(
            (m.on_created(made(creation_result::kind::found), at()) == site_action(do_check_address{})));
        return m;
    };
    for (const auto seen : {address_check::some, address_check::unknown}) {
        auto m = checking({});
        BOOST_TEST(std::holds_alternative<do_install_certificate>(m.on_address(seen, at())));
    }
    auto m = checking({});
    const auto waits = as_finish(m.on_address(address_check::none, at()));
    BOOST_TEST((waits.why->code == errc::cert_no_address));
    BOOST_TEST(m.progress().attempts[1] == 0U);
    auto late = checking(m.progress());
    BOOST_TEST(as_report(late.on_address(address_check::none, at(24h))).error_message ==
               "E_CERT_DNS: example.com resolves to no address; the domain's DNS must point to the server");
}

BOOST_AUTO_TEST_CASE(an_orphan_of_the_site_itself_is_named) {
    auto m = machine_in(stage::site);
    auto taken = made(creation_result::kind::user_used);
    taken.orphan = true;
    const auto next = m.on_created(taken, at());
    BOOST_TEST((next == site_action(do_create_site{{domain, users.hashed, false}})));
    BOOST_TEST(last_notice(m) ==
               "the user user_examplecom exists on the server already, left by an attempt that "
               "broke off (/home/user_examplecom/htdocs/example.com); the site gets " +
                   users.hashed);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_cannot_be_written_is_kept_and_offered_again) {
    for (const auto code : {errc::supabase_unreachable, errc::supabase_refused, errc::supabase_schema,
                            errc::supabase_unexpected, errc::row_rejected}) {
        auto m = machine_in(stage::report);
        const auto action = m.on_reported(failure{code, "x"}, at());
        BOOST_TEST((as_finish(action).what == do_finish::kind::retry));
        auto again = machine(m.progress());
        BOOST_TEST((again.start() == site_action(do_report{{outcome::kind::active, docroot, 7, ""}})));
    }
}

BOOST_AUTO_TEST_CASE(a_changed_row_is_left_alone) {
    auto m = machine_in(stage::report);
    BOOST_TEST((m.on_reported(delivery::row_changed, at()) ==
                site_action(do_finish{do_finish::kind::row_changed, std::nullopt, {}})));
}

BOOST_AUTO_TEST_CASE(a_row_read_as_active_is_never_written_failed) {
    auto m = machine_in(stage::site, {}, true);
    const auto action = m.on_created(failure{errc::site_refused, "x"}, at());
    BOOST_TEST((as_finish(action).what == do_finish::kind::left_active));
}

BOOST_AUTO_TEST_CASE(a_refused_row_is_reported_without_a_document_root) {
    auto m = machine();
    const auto action = m.refuse({errc::domain_invalid, "the domain 'x' has no top-level domain"}, at());
    BOOST_TEST((as_report(action).document_root == std::nullopt));
    BOOST_TEST(as_report(action).error_message.starts_with("E_DOMAIN_INVALID: "));
}

BOOST_AUTO_TEST_SUITE_END()
