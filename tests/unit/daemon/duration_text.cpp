#include "daemon/duration_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using hosting::parse_duration;

BOOST_AUTO_TEST_SUITE(durations)

BOOST_AUTO_TEST_CASE(what_people_write) {
    BOOST_TEST((parse_duration("200ms") == 200ms));
    BOOST_TEST((parse_duration("5s") == 5s));
    BOOST_TEST((parse_duration("10m") == 10min));
    BOOST_TEST((parse_duration("2h") == 2h));
    BOOST_TEST((parse_duration("21d") == 21 * 24h));
    BOOST_TEST((parse_duration("0") == 0ms));
    BOOST_TEST((parse_duration("0s") == 0ms));
}

BOOST_AUTO_TEST_CASE(what_is_none) {
    for (const auto* text : {"", "5", "s", "5 s", "-5s", "5x", "1.5h", "5s ", " 5s", "99999999999d", "5S"})
        BOOST_TEST(!parse_duration(text).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
