#include "daemon/supervision.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;

namespace {

const hosting::wall_time now{std::chrono::seconds(1'800'000'000)};

hosting::service_status usual() {
    hosting::service_status s;
    s.sites = {.running = 3, .ready = 4, .sleeping = 8};
    s.last_poll = now - 2s;
    s.servers.resize(2);
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(supervision)

BOOST_AUTO_TEST_CASE(says_what_runs_and_when_it_last_polled) {
    BOOST_TEST(hosting::status_line(usual(), now) == "3 running, 12 waiting; last poll 2 s ago");
}

BOOST_AUTO_TEST_CASE(counts_servers_that_cannot_be_used) {
    auto s = usual();
    s.servers[0].cause = hosting::errc::ssh_unreachable;
    BOOST_TEST(hosting::status_line(s, now) == "3 running, 12 waiting, 1 server parked; last poll 2 s ago");
    s.servers[1].cause = hosting::errc::ssh_auth;
    BOOST_TEST(hosting::status_line(s, now) == "3 running, 12 waiting, 2 servers parked; last poll 2 s ago");
}

BOOST_AUTO_TEST_CASE(says_that_supabase_is_away) {
    auto s = usual();
    s.supabase_away = true;
    BOOST_TEST(hosting::status_line(s, now) ==
               "3 running, 12 waiting; Supabase cannot be used; last poll 2 s ago");
    s.last_poll.reset();
    BOOST_TEST(hosting::status_line(s, now) ==
               "3 running, 12 waiting; Supabase cannot be used; no poll was answered yet");
}

BOOST_AUTO_TEST_CASE(says_that_it_stops) {
    auto s = usual();
    s.stopping = true;
    BOOST_TEST(hosting::status_line(s, now) == "stopping: 3 running, 12 waiting");
}

BOOST_AUTO_TEST_CASE(a_clock_that_was_set_back_is_no_negative_time) {
    auto s = usual();
    s.last_poll = now + 1h;
    BOOST_TEST(hosting::status_line(s, now) == "3 running, 12 waiting; last poll 0 s ago");
}

BOOST_AUTO_TEST_SUITE_END()
