#include "core/retry.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using hosting::delay_after;
using hosting::stage;

BOOST_AUTO_TEST_SUITE(retry)

const hosting::retry_policy policy{8, 30s, 30min, 24h, 2h};

BOOST_AUTO_TEST_CASE(delays_grow_to_the_limit_and_are_jittered_in_full) {
    BOOST_TEST(delay_after(policy, stage::site, 1, 0.0).count() == 0);
    BOOST_TEST((delay_after(policy, stage::site, 1, 0.5) == 15s));
    BOOST_TEST((delay_after(policy, stage::site, 2, 0.5) == 30s));
    BOOST_TEST((delay_after(policy, stage::site, 3, 0.5) == 60s));
    BOOST_TEST((delay_after(policy, stage::site, 7, 0.5) == 15min));
    BOOST_TEST((delay_after(policy, stage::site, 1'000'000, 0.5) == 15min));
}

BOOST_AUTO_TEST_CASE(certificates_follow_lets_encrypts_advice) {
    for (const double roll : {0.0, 0.99}) {
        BOOST_TEST((delay_after(policy, stage::certificate, 1, roll) == 1min));
        BOOST_TEST((delay_after(policy, stage::certificate, 2, roll) == 10min));
        BOOST_TEST((delay_after(policy, stage::certificate, 3, roll) == 100min));
        BOOST_TEST((delay_after(policy, stage::certificate, 4, roll) == 24h));
        BOOST_TEST((delay_after(policy, stage::certificate, 9, roll) == 24h));
    }
}

BOOST_AUTO_TEST_SUITE_END()
