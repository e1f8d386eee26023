#include "core/certificate.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace std::chrono_literals;
using hosting::certificate;
using hosting::certificate_verdict;

namespace {

constexpr auto day = 24h;
const auto today = std::chrono::system_clock::from_time_t(1'767'225'600);

certificate valid_for(std::chrono::hours lifetime, std::chrono::hours left) {
    certificate c;
    c.mark = "m";
    c.covers_domain = true;
    c.not_after = today + left;
    c.not_before = c.not_after - lifetime;
    return c;
}

certificate_verdict verdict_of(const certificate& c) { return judge(c, today, 21 * day); }

} // namespace

BOOST_AUTO_TEST_SUITE(certificate_rules)

BOOST_AUTO_TEST_CASE(each_fault_is_seen) {
    using enum certificate_verdict;
    BOOST_TEST((hosting::judge(std::nullopt, today, 21 * day) == none));
    certificate broken;
    broken.readable = false;
    BOOST_TEST((verdict_of(broken) == unreadable));
    BOOST_TEST((verdict_of(valid_for(90 * day, 60 * day)) == good));
    auto c = valid_for(365 * day, 300 * day);
    c.self_signed = true;
    BOOST_TEST((verdict_of(c) == self_signed));
    c = valid_for(90 * day, 60 * day);
    c.staging = true;
    BOOST_TEST((verdict_of(c) == staging));
    c = valid_for(90 * day, 60 * day);
    c.covers_domain = false;
    BOOST_TEST((verdict_of(c) == other_name));
    BOOST_TEST((verdict_of(valid_for(90 * day, -1h)) == expired));
    BOOST_TEST((verdict_of(valid_for(90 * day, 0h)) == expired));
}

BOOST_AUTO_TEST_CASE(a_third_of_a_short_life_is_enough) {
    BOOST_TEST((verdict_of(valid_for(90 * day, 21 * day)) == certificate_verdict::good));
    BOOST_TEST((verdict_of(valid_for(90 * day, 20 * day)) == certificate_verdict::expires_soon));
    BOOST_TEST((verdict_of(valid_for(6 * day, 2 * day)) ==
                certificate_verdict::good)); // Let's Encrypt's short-lived
    BOOST_TEST((verdict_of(valid_for(6 * day, 47h)) == certificate_verdict::expires_soon));
}

BOOST_AUTO_TEST_CASE(a_foreign_site_gets_a_new_one_only_where_it_is_plainly_broken) {
    using enum certificate_verdict;
    for (const auto v : {none, unreadable, self_signed, expired}) {
        BOOST_TEST(wants_order(v, false));
        BOOST_TEST(wants_order(v, true));
    }
    for (const auto v : {staging, other_name, expires_soon}) {
        BOOST_TEST(wants_order(v, false));
        BOOST_TEST(!wants_order(v, true));
    }
    BOOST_TEST(!wants_order(good, false));
    BOOST_TEST(!wants_order(good, true));
}

BOOST_AUTO_TEST_SUITE_END()
