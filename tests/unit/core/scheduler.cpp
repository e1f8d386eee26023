#include "core/scheduler.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hosting;

namespace {

const steady_time t0{100h};

moment at(steady_time when) {
    return {when, wall_time(std::chrono::seconds(1'767'225'600)) + (when - t0), 0.5};
}

pending_site row(const std::string& id, std::string server = "s1") {
    return {id, id + ".com", std::move(server), "2026-01-01T00:00:00Z"};
}

// Lets "s1" and the like be servers of their own.
scheduler made(scheduler_limits limits = {}) {
    scheduler s({limits, {}});
    s.set_destinations(
        {{"s1", {"root@s1:22", false}}, {"s2", {"root@s2:22", false}}, {"s3", {"root@s3:22", false}}},
        at(t0));
    return s;
}

void poll(scheduler& s, std::vector<pending_site> rows, steady_time now = t0) {
    s.poll_started();
    (void)s.poll_answered(std::move(rows), true, at(now));
}

std::string start(scheduler& s, steady_time now = t0) {
    const auto next = s.next(at(now));
    return next ? next->id : std::string();
}

void finish(scheduler& s, const std::string& id, std::optional<scheduler::again> retry = std::nullopt,
            steady_time now = t0) {
    s.finished(id, std::move(retry), at(now));
}

scheduler::again in(std::chrono::seconds delay) { return {t0 + delay, {}}; }

const failure unreachable{errc::ssh_unreachable, "refused"};

} // namespace

BOOST_AUTO_TEST_SUITE(scheduler_rules)

BOOST_AUTO_TEST_CASE(oldest_first) {
    scheduler s = made();
    poll(s, {row("a"), row("b"), row("c")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST(start(s) == "b");
    BOOST_TEST(start(s) == "c");
    BOOST_TEST(start(s) == "");
}

BOOST_AUTO_TEST_CASE(servers_take_turns) {
    scheduler s = made();
    poll(s, {row("a1"), row("a2"), row("a3"), row("b1", "s2"), row("c1", "s3")});
    std::string order;
    for (auto id = start(s); !id.empty(); id = start(s))
        order += id + " ";
    BOOST_TEST(order == "a1 b1 c1 a2 a3 ");
}

BOOST_AUTO_TEST_CASE(limits_hold_and_a_finished_site_makes_room) {
    scheduler s = made({3, 2});
    poll(s, {row("a1"), row("a2"), row("a3"), row("b1", "s2"), row("b2", "s2")});
    BOOST_TEST(start(s) == "a1");
    BOOST_TEST(start(s) == "b1");
    BOOST_TEST(start(s) == "a2");
    BOOST_TEST(start(s) == ""); // three in flight
    finish(s, "b1", std::nullopt);
    BOOST_TEST(start(s) == "b2"); // s1 has its two
    finish(s, "a1", std::nullopt);
    BOOST_TEST(start(s) == "a3");
    BOOST_TEST(s.counts().running == 3U);
}

BOOST_AUTO_TEST_CASE(a_sleeping_site_holds_no_slot_and_wakes_in_time) {
    scheduler s = made({1, 1});
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    finish(s, "a", in(10s));
    BOOST_TEST(start(s) == "b");
    finish(s, "b", std::nullopt);
    BOOST_TEST(start(s, t0 + 9s) == "");
    BOOST_TEST((s.next_wakeup() == t0 + 10s));
    BOOST_TEST(start(s, t0 + 10s) == "a");
}

BOOST_AUTO_TEST_CASE(progress_comes_back_with_the_site) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    site_progress progress;
    progress.attempts[1] = 3;
    finish(s, "a", scheduler::again{t0, progress});
    BOOST_TEST(s.next(at(t0))->progress.attempts[1] == 3U);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_gone_is_forgotten_with_its_attempts) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    site_progress progress;
    progress.attempts[1] = 3;
    finish(s, "a", scheduler::again{t0 + 1h, progress});
    poll(s, {});
    BOOST_TEST(s.counts().sleeping == 0U);
    poll(s, {row("a")});
    BOOST_TEST(s.next(at(t0))->progress.attempts[1] == 0U);
}

BOOST_AUTO_TEST_CASE(an_edited_row_starts_afresh) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    finish(s, "a", in(3'600s));
    poll(s, {row("a", "s2")});
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(a_running_row_is_not_started_twice) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "");
}

// A poll's answer may be older than the update that finished a site.
BOOST_AUTO_TEST_CASE(what_finished_during_a_poll_is_not_started_by_its_answer) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    s.poll_started();
    finish(s, "a", std::nullopt);
    (void)s.poll_answered({row("a")}, true, at(t0));
    BOOST_TEST(start(s) == "");
    poll(s, {row("a")}); // the next one asked later: the Hub set it to pending again
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(paused_servers_wait_and_others_do_not) {
    scheduler s = made();
    s.set_destinations({{"s1", {"root@s1:22", true}}, {"s2", {"root@s2:22", false}}}, at(t0));
    poll(s, {row("a"), row("b", "s2")});
    BOOST_TEST(start(s) == "b");
    BOOST_TEST(start(s) == "");
    s.set_destinations({{"s1", {"root@s1:22", false}}, {"s2", {"root@s2:22", false}}}, at(t0));
    BOOST_TEST(start(s) == "a");
}

BOOST_AUTO_TEST_CASE(a_named_row_is_woken_at_once_and_outlives_polls) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    finish(s, "a", in(3'600s));
    s.request(row("a"), at(t0));
    BOOST_TEST(s.next(at(t0))->explicit_request);
    finish(s, "a", in(3'600s));
    poll(s, {});
    BOOST_TEST(s.waiting().size() == 1U);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told) {
    scheduler s = made();
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    site_progress progress;
    progress.last.code = errc::cert_dns;
    progress.failed_since = t0;
    finish(s, "a", scheduler::again{t0 + 60s, progress});
    const auto waiting = s.waiting();
    BOOST_REQUIRE(waiting.size() == 1U);
    BOOST_TEST(waiting[0].domain == "a.com");
    BOOST_TEST((waiting[0].cause == errc::cert_dns));
    BOOST_TEST((waiting[0].next_attempt == t0 + 60s));
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_used_closes_its_lane_and_no_other) {
    scheduler s = made();
    poll(s, {row("a"), row("b"), row("c", "s2")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST((s.server_failed("root@s1:22", "a", unreachable, at(t0)) == server_health::change::went_down));
    finish(s, "a", in(0s));
    BOOST_TEST(start(s) == "c");
    BOOST_TEST(start(s) == "");
    BOOST_TEST((s.standing_failure("root@s1:22", "b") != nullptr));
}

BOOST_AUTO_TEST_CASE(one_probe_at_a_time_ever_more_rarely_and_then_step_by_step) {
    scheduler s = made();
    std::vector<pending_site> rows;
    for (char c = 'a'; c <= 'p'; ++c)
        rows.push_back(row(std::string(1, c)));
    poll(s, rows);
    BOOST_TEST(start(s) == "a");
    (void)s.server_failed("root@s1:22", "a", unreachable, at(t0));
    finish(s, "a", in(0s));
    steady_time now = t0;
    std::vector<steady_time> probes;
    while (probes.size() < 6) {
        now = *s.next_wakeup();
        auto next = s.next(at(now));
        BOOST_REQUIRE(next.has_value());
        if (next->probe) {
            probes.push_back(now);
            BOOST_TEST(start(s, now) == "");
            (void)s.server_failed("root@s1:22", next->id, unreachable, at(now));
        } else {
            next->progress.announced = next->waits_for->code;
        }
        finish(s, next->id, scheduler::again{now, next->progress}, now);
    }
    // With a roll of one half: three quarters of 30 s, doubling up to 5 min.
    BOOST_TEST((probes[0] - t0 == 22'500ms));
    BOOST_TEST((probes[1] - probes[0] == 45s));
    BOOST_TEST((probes[2] - probes[1] == 90s));
    BOOST_TEST((probes[3] - probes[2] == 180s));
    BOOST_TEST((probes[4] - probes[3] == 225s));
    BOOST_TEST((probes[5] - probes[4] == 225s));
    now = *s.next_wakeup();
    BOOST_TEST(start(s, now) == "a");
    BOOST_TEST((s.server_answered("root@s1:22", true, at(now)) == server_health::change::came_back));
    finish(s, "a", std::nullopt, now);
    std::vector<std::size_t> at_a_time;
    for (int round = 0; round < 4; ++round) {
        std::vector<std::string> ids;
        for (auto id = start(s, now); !id.empty(); id = start(s, now))
            ids.push_back(id);
        at_a_time.push_back(ids.size());
        for (const auto& id : ids) {
            (void)s.server_answered("root@s1:22", true, at(now));
            finish(s, id, std::nullopt, now);
        }
    }
    BOOST_TEST(at_a_time[0] == 1U);
    BOOST_TEST(at_a_time[1] == 2U);
    BOOST_TEST(at_a_time[2] == 8U);
}

BOOST_AUTO_TEST_CASE(who_waits_for_its_server_says_so_after_five_minutes_and_gives_up_at_the_limit) {
    scheduler s = made();
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    (void)s.server_failed("root@s1:22", "a", unreachable, at(t0));
    std::map<std::string, std::vector<std::string>> said;
    site_progress progress;
    progress.waiting_since = progress.failed_since = t0;
    progress.last = unreachable;
    finish(s, "a", scheduler::again{t0, progress});
    for (auto now = *s.next_wakeup(); now <= t0 + 3h; now = *s.next_wakeup()) {
        while (auto next = s.next(at(now))) {
            switch (next->what) {
            case site_start::purpose::work:
                BOOST_TEST(next->probe);
                (void)s.server_failed("root@s1:22", next->id, unreachable, at(now));
                break;
            case site_start::purpose::announce:
                BOOST_TEST((now - t0 == 5min));
                next->progress.announced = next->waits_for->code;
                said[next->id].push_back("waits");
                break;
            case site_start::purpose::give_up:
                BOOST_TEST((now - t0 == 2h));
                said[next->id].push_back("gives up");
                break;
            }
            const bool over = next->what == site_start::purpose::give_up;
            finish(s, next->id, over ? std::nullopt : std::optional(scheduler::again{now, next->progress}),
                   now);
        }
        if (!s.next_wakeup()) break;
    }
    const std::vector<std::string> expected{"waits", "gives up"};
    BOOST_TEST(said["a"] == expected, boost::test_tools::per_element());
    BOOST_TEST(said["b"] == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_probe_that_says_nothing_is_followed_by_another) {
    scheduler s = made();
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    (void)s.server_failed("root@s1:22", "a", unreachable, at(t0));
    finish(s, "a");
    const auto now = *s.next_wakeup();
    BOOST_TEST(start(s, now) == "b");
    finish(s, "b", scheduler::again{now + 1h, {}}, now); // its row could not be read
    poll(s, {row("b"), row("c")}, now);
    BOOST_TEST(start(s, now) == "c");
}

BOOST_AUTO_TEST_CASE(rows_of_one_server_share_its_lane) {
    scheduler s = made({8, 1});
    s.set_destinations({{"s1", {"root@one:22", false}}, {"s2", {"root@one:22", false}}}, at(t0));
    poll(s, {row("a"), row("b", "s2")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST(start(s) == "");
    (void)s.server_failed("root@one:22", "a", unreachable, at(t0));
    finish(s, "a");
    BOOST_TEST(start(s) == "");
    s.set_destinations({{"s1", {"root@one:22", false}}, {"s2", {"root@other:22", false}}}, at(t0));
    BOOST_TEST(start(s) == "b"); // its row names another server now
}

BOOST_AUTO_TEST_CASE(an_outcome_needs_no_server) {
    scheduler s = made();
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST(start(s) == "b");
    (void)s.server_failed("root@s1:22", "b", unreachable, at(t0));
    site_progress progress;
    progress.undelivered = undelivered_outcome{};
    progress.last = {errc::supabase_unreachable, "x"};
    progress.failed_since = t0;
    finish(s, "a", scheduler::again{t0 + 1h, progress});
    BOOST_TEST(start(s, t0 + 1s) == "");
    s.supabase_is_back(at(t0 + 1s));
    BOOST_TEST(start(s, t0 + 1s) == "a");
}

BOOST_AUTO_TEST_CASE(what_an_earlier_life_left_goes_on) {
    scheduler s = made();
    site_record known{"a", "a.com", "s1", at(t0).wall + 10min, {}};
    known.progress.attempts[1] = 2;
    site_record edited = known, gone = known;
    edited.site_id = "b";
    edited.domain = "other.com";
    gone.site_id = "c";
    site_record wrong_clock = known;
    wrong_clock.site_id = "d";
    wrong_clock.domain = "d.com";
    wrong_clock.next_attempt = at(t0).wall + 24h * 400;
    s.restore({known, edited, gone, wrong_clock},
              {{"root@s2:22", unreachable, at(t0).wall - 1h, 3, at(t0).wall + 1min}}, at(t0));
    s.poll_started();
    const auto changes = s.poll_answered({row("a"), row("b"), row("d"), row("e", "s2")}, true, at(t0));
    BOOST_TEST(changes.forgotten == std::vector<std::string>{"c"}, boost::test_tools::per_element());
    BOOST_TEST(s.next(at(t0))->id == "b");
    BOOST_TEST(s.next(at(t0))->id == "d"); // a time that far ahead counts as now
    BOOST_TEST(start(s) == "");            // the other server is still down, and the other site waits
    BOOST_TEST(s.next(at(t0 + 1min))->id == "e");
    const auto next = s.next(at(t0 + 10min));
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(next->progress.attempts[1] == 2U);
}

BOOST_AUTO_TEST_CASE(a_panels_trouble_is_over_when_the_panel_worked_and_not_by_a_look) {
    scheduler s = made();
    poll(s, {row("a"), row("b")});
    BOOST_TEST(start(s) == "a");
    (void)s.server_failed("root@s1:22", "a", {errc::panel_database_locked, "locked"}, at(t0));
    finish(s, "a");
    const auto now = *s.next_wakeup();
    BOOST_TEST(start(s, now) == "b");
    BOOST_TEST((s.server_answered("root@s1:22", false, at(now)) == server_health::change::none));
    BOOST_TEST((s.standing_failure("root@s1:22", "b") == nullptr)); // the probe goes on to its next step
    BOOST_TEST((s.standing_failure("root@s1:22", "other") != nullptr));
    BOOST_TEST((s.server_answered("root@s1:22", true, at(now)) == server_health::change::came_back));
}

BOOST_AUTO_TEST_CASE(a_probe_whose_row_was_moved_says_nothing_of_its_old_server) {
    scheduler s = made();
    poll(s, {row("a"), row("b"), row("c", "s2")});
    BOOST_TEST(start(s) == "a");
    BOOST_TEST(start(s) == "c");
    (void)s.server_failed("root@s1:22", "a", unreachable, at(t0));
    (void)s.server_failed("root@s2:22", "c", unreachable, at(t0));
    finish(s, "a");
    const auto now = *s.next_wakeup();
    BOOST_TEST(start(s, now) == "b"); // as the probe of the first, and then it works on the second
    BOOST_TEST((s.standing_failure("root@s2:22", "b") != nullptr));
    (void)s.server_failed("root@s2:22", "b", unreachable, at(now));
    finish(s, "b", scheduler::again{now + 1h, {}}, now);
    poll(s, {row("b"), row("c", "s2"), row("d")}, now);
    BOOST_TEST(start(s, now) == "d"); // the first server has a probe again
}

BOOST_AUTO_TEST_CASE(a_row_that_was_read_anew_is_remembered_as_it_was_read) {
    scheduler s = made({1, 1});
    poll(s, {row("a")});
    BOOST_TEST(start(s) == "a");
    scheduler::again again = in(1s);
    again.row = {"new.com", "s2"};
    finish(s, "a", again);
    (void)s.server_failed("root@s1:22", "x", unreachable, at(t0)); // it is not that server's any more
    const auto next = s.next(at(t0 + 1s));
    BOOST_REQUIRE(next.has_value());
    BOOST_TEST(next->domain == "new.com");
    BOOST_TEST(next->server_id == "s2");
}

BOOST_AUTO_TEST_CASE(a_part_of_the_queue_makes_nothing_forgotten) {
    scheduler s = made();
    poll(s, {row("a")});
    s.poll_started();
    const auto changes = s.poll_answered({row("b")}, false, at(t0));
    BOOST_TEST(changes.brought_new);
    BOOST_TEST(changes.forgotten.empty());
    BOOST_TEST(s.counts().ready == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
