#include "core/scheduler.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using hosting::pending_site;
using hosting::scheduler;

namespace {

const scheduler::time_point t0{};

pending_site row(const std::string& id, std::string server = "s1") {
    return {id, id + ".com", std::move(server), "2026-01-01T00:00:00Z"};
}

void poll(scheduler& s, std::vector<pending_site> rows) {
    s.poll_started();
    s.poll_answered(std::move(rows));
}

std::string start(scheduler& s, scheduler::time_point now = t0) {
    const auto next = s.next(now);
    return next ? next->id : std::string();
}

scheduler::again in(std::chrono::seconds delay) { return {t0 + delay, {}}; }

} // namespace

BOOST_AUTO_TEST_SUITE(scheduler_rules)

BOOST_AUTO_TEST_CASE(oldest_first) {
    scheduler s({});
    poll(s, {row("a"), row("b"), row("c")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST(start(s) == "b");
    BOOST_TEST(start(s) == "c");
    BOOST_TEST(start(s) == "");
}

BOOST_AUTO_TEST_CASE(servers_take_turns) {
    scheduler s({});
    poll(s, {row("a1"), row("a2"), row("a3"), row("b1", "s2"), row("c1", "s3")});
    std::string order;
    for (auto id = start(s); !id.empty(); id = start(s))
        order += id + " ";
    BOOST_TEST(order == "a1 b1 c1 a2 a3 ");
}

BOOST_AUTO_TEST_CASE(limits_hold_and_a_finished_site_makes_room) {
    scheduler s({3, 2});
    poll(s, {row("a1"), row("a2"), row("a3"), row("b1", "s2"), row("b2", "s2")});
    BOOST_TEST(start(s) == "a1");
    BOOST_TEST(start(s) == "b1");
    BOOST_TEST(start(s) == "a2");
    BOOST_TEST(start(s) == ""); // three in flight
    s.finished("b1", std::nullopt);
    BOOST_TEST(start(s) == "b2"); // s1 has its two
    s.finished("a1", std::nullopt);
    BOOST_TEST(start(s) == "a3");
    BOOST_TEST(s.counts().running == 3U);
}

BOOST_AUTO_TEST_CASE(a_sleeping_site_holds_no_slot_and_wakes_in_time) {
    scheduler s({1, 1});
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    s.finished("a", in(10s));
    BOOST_TEST(start(s) == "b");
    s.finished("b", std::nullopt);
    BOOST_TEST(start(s, t0 + 9s) == "");
    BOOST_TEST((s.next_wakeup() == t0 + 10s));
    BOOST_TEST(start(s, t0 + 10s) == "a");
}

BOOST_AUTO_TEST_CASE(progress_comes_back_with_the_site) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    hosting::site_progress progress;
    progress.attempts[1] = 3;
    s.finished("a", scheduler::again{t0, progress});
    BOOST_TEST(s.next(t0)->progress.attempts[1] == 3U);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_gone_is_forgotten_with_its_attempts) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    hosting::site_progress progress;
    progress.attempts[1] = 3;
    s.finished("a", scheduler::again{t0 + 1h, progress});
    poll(s, {});
    BOOST_TEST(s.counts().sleeping == 0U);
    poll(s, {row("a")});
    BOOST_TEST(s.next(t0)->progress.attempts[1] == 0U);
}

BOOST_AUTO_TEST_CASE(an_edited_row_starts_afresh) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    s.finished("a", in(3'600s));
    poll(s, {row("a", "s2")});
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(a_running_row_is_not_started_twice) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "");
}

// A poll's answer may be older than the update that finished a site.
BOOST_AUTO_TEST_CASE(what_finished_during_a_poll_is_not_started_by_its_answer) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    s.poll_started();
    s.finished("a", std::nullopt);
    s.poll_answered({row("a")});
    BOOST_TEST(start(s) == "");
    poll(s, {row("a")}); // the next one asked later: the Hub set it to pending again
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(paused_servers_wait_and_others_do_not) {
    scheduler s({});
    s.set_paused({"s1"});
    poll(s, {row("a"), row("b", "s2")});
    BOOST_TEST(start(s) == "b");
    BOOST_TEST(start(s) == "");
    s.set_paused({});
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(a_named_row_is_woken_at_once_and_outlives_polls) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    s.finished("a", in(3'600s));
    s.request(row("a"));
    BOOST_TEST(s.next(t0)->explicit_request);
    s.finished("a", in(3'600s));
    poll(s, {});
    BOOST_TEST(s.waiting().size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told) {
    scheduler s({});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    hosting::site_progress progress;
    progress.last = hosting::errc::cert_dns;
    progress.failed_since = t0;
    s.finished("a", scheduler::again{t0 + 60s, progress});
    const auto waiting = s.waiting();
    BOOST_REQUIRE(waiting.size() == 1U);
    BOOST_TEST(waiting[0].domain == "a.com");
    BOOST_TEST((waiting[0].cause == hosting::errc::cert_dns));
    BOOST_TEST((waiting[0].next_attempt == t0 + 60s));
}

BOOST_AUTO_TEST_SUITE_END()
