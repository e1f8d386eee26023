#include "daemon/logging.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

BOOST_AUTO_TEST_SUITE(logging)

BOOST_AUTO_TEST_CASE(fields_follow_the_message) {
    const std::vector<hosting::log_field> fields{
        {"SITE_ID", "1"}, {"DOMAIN", "a b"}, {"SERVER", ""}, {"NOTE", "say \"x\\y\"=1"}};
    BOOST_TEST(hosting::log_text("active", fields) ==
               "active SITE_ID=1 DOMAIN=\"a b\" NOTE=\"say \\\"x\\\\y\\\"=1\"");
}

BOOST_AUTO_TEST_CASE(a_line_stays_one_line) {
    const std::vector<hosting::log_field> fields{{"DOMAIN", "a\nb\x1b[31m"}};
    BOOST_TEST(hosting::log_text("x\r\ny", fields) == "x??y DOMAIN=a?b?[31m");
}

BOOST_AUTO_TEST_SUITE_END()
