#include "adapters/cloudpanel/standing.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace std::chrono_literals;
using cloudpanel::is_refusal;
using cloudpanel::standing;

namespace {

const std::string place = "root@192.0.2.1:22";

// Both clocks, from an instant on.
moment at(std::chrono::seconds after) {
    return {steady_time(1000h) + after,
            wall_time(std::chrono::sys_days(std::chrono::year(2030) / 1 / 1)) + after};
}
failure refusal(errc code) { return {code, "it said no"}; }

// The cause under which a refusal is told.
errc told(standing& s, errc code, std::string_view key = "k1") {
    return s.failed(refusal(code), key, at(0s)).code;
}
bool stands(const standing& s, std::string_view key, std::chrono::seconds when) {
    return s.refusal(key, at(when).steady) != nullptr;
}

} // namespace

BOOST_AUTO_TEST_SUITE(standings)

BOOST_AUTO_TEST_CASE(what_never_worked_is_told_as_it_is) {
    standing s(place);
    for (const auto code : {errc::ssh_auth, errc::ssh_host_key, errc::clpctl_missing, errc::clpctl_privilege})
        BOOST_TEST((told(s, code) == code));
}

BOOST_AUTO_TEST_CASE(what_worked_before_is_an_outage) {
    standing s(place);
    s.logged_in("k1", at(0s).steady);
    BOOST_TEST((told(s, errc::ssh_auth) == errc::ssh_auth_revoked));
    BOOST_TEST((told(s, errc::ssh_auth, "k2") == errc::ssh_auth)); // this one never did
    BOOST_TEST((told(s, errc::ssh_host_key) == errc::ssh_host_key_replaced));
    BOOST_TEST((told(s, errc::ssh_host_key, "k2") == errc::ssh_host_key_replaced)); // whatever key it was
    BOOST_TEST((told(s, errc::clpctl_missing) == errc::clpctl_missing)); // a login is not yet a panel
    s.worked(false);
    BOOST_TEST((told(s, errc::clpctl_privilege) == errc::clpctl_privilege));
    s.worked(true);
    BOOST_TEST((told(s, errc::clpctl_missing) == errc::clpctl_gone));
    BOOST_TEST((told(s, errc::clpctl_privilege) == errc::clpctl_privilege_gone));
}

BOOST_AUTO_TEST_CASE(only_refusals_rest) {
    standing s(place);
    for (const auto code : {errc::ssh_unreachable, errc::ssh_key, errc::ssh_outcome_unknown,
                            errc::panel_broken, errc::panel_busy, errc::cert_validation, errc::internal}) {
        BOOST_TEST(!is_refusal(code));
        BOOST_TEST((s.failed(refusal(code), "k1", at(0s)) == refusal(code)));
    }
    BOOST_TEST(!stands(s, "k1", 0s));
    BOOST_TEST(!s.facts().refused.has_value());
}

BOOST_AUTO_TEST_CASE(each_refusal_rests_for_its_time) {
    const std::vector<std::pair<errc, std::chrono::minutes>> rests{{errc::ssh_auth, 60min},
                                                                   {errc::ssh_host_key, 1min},
                                                                   {errc::clpctl_missing, 5min},
                                                                   {errc::clpctl_privilege, 5min}};
    for (const auto worked : {false, true})
        for (const auto& [code, rest] : rests) {
            standing s(place);
            if (worked) {
                s.logged_in("k1", at(0s).steady);
                s.worked(true);
            }
            const auto first = s.failed(refusal(code), "k1", at(0s));
            BOOST_TEST(is_refusal(first.code));
            BOOST_TEST(stands(s, "k1", rest - 1s));
            BOOST_TEST((*s.refusal("k1", at(rest - 1s).steady) == first)); // the same words, however often
            BOOST_TEST(!stands(s, "k1", rest));
            BOOST_TEST(!stands(s, "k2", 0s)); // a changed key tries at once
        }
}

BOOST_AUTO_TEST_CASE(a_refusal_says_until_when) {
    standing s(place);
    BOOST_TEST(s.failed(refusal(errc::ssh_auth), "k1", at(0s)).detail ==
               "it said no; the server is tried again when the key in its row changes, or after "
               "2030-01-01T01:00:00Z");
}

BOOST_AUTO_TEST_CASE(what_works_again_stands_no_more) {
    standing s(place);
    (void)told(s, errc::ssh_host_key);
    s.logged_in("k1", at(1s).steady);
    BOOST_TEST(!stands(s, "k1", 1s));
    (void)told(s, errc::ssh_auth);
    s.logged_in("k1", at(1s).steady);
    BOOST_TEST(!stands(s, "k1", 1s));
    for (const auto by_clpctl : {false, true}) {
        (void)told(s, errc::clpctl_privilege);
        s.logged_in("k1", at(1s).steady);
        BOOST_TEST(stands(s, "k1", 1s)); // a login is not yet a panel
        s.worked(by_clpctl);
        BOOST_TEST(!stands(s, "k1", 1s));
    }
    BOOST_TEST(!s.facts().refused.has_value());
}

// A session that was there before may still work; the refused login is not tried again for that.
BOOST_AUTO_TEST_CASE(work_on_an_open_session_is_no_login) {
    standing s(place);
    (void)told(s, errc::ssh_auth);
    s.worked(true);
    BOOST_TEST(stands(s, "k1", 1s));
}

BOOST_AUTO_TEST_CASE(rows_with_different_keys_rest_each_for_its_own) {
    standing s(place);
    (void)told(s, errc::ssh_auth, "k1");
    (void)told(s, errc::ssh_auth, "k2");
    BOOST_TEST(stands(s, "k1", 59min));
    BOOST_TEST(stands(s, "k2", 59min));
    s.logged_in("k3", at(1min).steady);
    BOOST_TEST(stands(s, "k1", 59min));
    (void)s.failed(refusal(errc::clpctl_missing), "k3", at(1min));
    BOOST_TEST((s.facts().refused->why.code == errc::ssh_auth)); // the one that must outlive us
    s.logged_in("k1", at(2min).steady);
    s.logged_in("k2", at(2min).steady);
    BOOST_TEST((s.facts().refused->why.code == errc::clpctl_missing));
}

BOOST_AUTO_TEST_CASE(an_operator_can_ask_for_another_try) {
    standing s(place);
    s.logged_in("k1", at(0s).steady);
    (void)told(s, errc::ssh_auth);
    s.forget_refusals();
    BOOST_TEST(!stands(s, "k1", 0s));
    BOOST_TEST((s.facts() == server_facts{place, "k1", false, std::nullopt}));
}

BOOST_AUTO_TEST_CASE(the_next_life_knows_it_all) {
    standing before(place);
    before.logged_in("k1", at(0s).steady);
    before.worked(true);
    const auto first = before.failed(refusal(errc::ssh_auth), "k1", at(0s));
    const auto facts = before.facts();
    BOOST_TEST(facts.place == place);
    BOOST_TEST(facts.worked_key == "k1");
    BOOST_TEST(facts.panel_worked);
    BOOST_TEST((facts.refused->until == at(60min).wall));

    // Another steady clock, and half an hour of the rest is over.
    standing after(facts, {steady_time(5s), at(30min).wall});
    BOOST_TEST((after.facts() == facts));
    BOOST_TEST((*after.refusal("k1", steady_time(5s) + 30min - 1s) == first));
    BOOST_TEST(!after.refusal("k1", steady_time(5s) + 30min));
    BOOST_TEST(!after.refusal("k2", steady_time(5s)));
    BOOST_TEST((after.failed(refusal(errc::clpctl_missing), "k1", at(40min)).code == errc::clpctl_gone));
}

BOOST_AUTO_TEST_CASE(a_time_that_another_clock_wrote_is_over) {
    server_facts facts{place, "", false, server_facts::refusal{refusal(errc::ssh_auth), "k1", {}}};
    const auto now = at(0s);
    const auto stands_until = [&](wall_time until) {
        facts.refused->until = until;
        return standing(facts, now).refusal("k1", now.steady) != nullptr;
    };
    BOOST_TEST(stands_until(now.wall + 60min));
    BOOST_TEST(stands_until(now.wall + 1s));
    BOOST_TEST(!stands_until(now.wall));
    BOOST_TEST(!stands_until(now.wall - 1s));
    BOOST_TEST(!stands_until(now.wall + 60min + 1s));
    BOOST_TEST(!stands_until(wall_time::min()));
    BOOST_TEST(!stands_until(wall_time::max()));
    for (const auto code : {errc::ssh_host_key, errc::clpctl_gone}) { // nobody counts these: tried at once
        facts.refused->why.code = code;
        BOOST_TEST(!stands_until(now.wall + 1s));
    }
    facts.refused->why.code = errc::panel_busy; // a cause that nobody rests for any more
    BOOST_TEST(!stands_until(now.wall + 1s));
}

BOOST_AUTO_TEST_SUITE_END()
