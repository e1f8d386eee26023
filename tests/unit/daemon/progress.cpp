#include "daemon/progress.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(counts_what_is_done_of_all) {
    hosting::service_status s;
    s.active = 11;
    s.failed = 1;
    s.sites = {.running = 8, .ready = 300, .sleeping = 80};
    BOOST_TEST(hosting::progress_text(s) == "12 of 400 done: 11 active, 1 failed; 8 running");
}

BOOST_AUTO_TEST_SUITE_END()
