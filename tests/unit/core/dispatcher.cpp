#include "dispatcher_runs.hpp"

using namespace std::chrono_literals;
using namespace hosting;
using fakes::quick;
using fakes::run_once;
using fakes::run_until;
using fakes::world;

BOOST_AUTO_TEST_SUITE(dispatcher_rules)

BOOST_AUTO_TEST_CASE(pending_rows_become_active) {
    world w;
    w.queue.add("1", "Example.com");
    w.queue.add("2", "my-shop.com");
    w.queue.add("3", "done.com").status_hosting = "active";
    const auto summary = run_once(w);
    BOOST_TEST(summary.active == 2U);
    BOOST_TEST(w.queue.status("1") == "active");
    BOOST_TEST(w.queue.rows["1"].document_root == "/home/user_examplecom/htdocs/example.com");
    BOOST_TEST(w.queue.rows["1"].as_is.matomo_site_id.value() == 1);
    BOOST_TEST(w.queue.status("2") == "active");
    BOOST_TEST(w.servers.calls.size() == 4U);
}

BOOST_AUTO_TEST_CASE(nothing_pending_is_all_well) {
    world w;
    const auto summary = run_once(w);
    BOOST_TEST(summary.active == 0U);
    BOOST_TEST(summary.waiting.empty());
    BOOST_TEST(!summary.sees_no_server);
}

BOOST_AUTO_TEST_CASE(no_server_at_all_is_told) {
    world w;
    w.queue.fleet.clear();
    BOOST_TEST(run_once(w).sees_no_server);
}

BOOST_AUTO_TEST_CASE(without_any_server_no_row_is_touched) {
    world w;
    w.queue.fleet.clear();
    w.queue.add("1", "a.com");
    BOOST_TEST(run_once(w).sees_no_server);
    BOOST_TEST(w.queue.status("1") == "pending");
    BOOST_TEST(w.queue.written.empty());
}

// The list of servers is gone while a site waits for its next attempt.
BOOST_AUTO_TEST_CASE(a_site_under_way_is_not_failed_because_no_server_is_seen_any_more) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.on_create = [&, until = 0U]() mutable {
        w.queue.fleet.clear();
        if (until == 0) until = w.queue.polls + 9;
        if (w.queue.polls < until) w.servers.failures["a.com"] = {{errc::panel_busy, "busy"}};
    };
    run_until(w, [&] { return w.queue.status("1") != "pending"; });
    BOOST_TEST(w.queue.status("1") == "active");
    BOOST_TEST(w.journal.count("warning Supabase shows no server at all") == 1U);
}

BOOST_AUTO_TEST_CASE(one_slot_is_enough_for_all) {
    world w;
    for (int i = 0; i < 5; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    auto settings = quick();
    settings.limits = {1, 1};
    BOOST_TEST(run_once(w, settings).active == 5U);
}

BOOST_AUTO_TEST_CASE(an_outcome_is_not_written_onto_another_request) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.report_failures = {{errc::supabase_unreachable, "x"}};
    w.queue.before_report = [&, edited = false](const outcome&) mutable {
        if (!std::exchange(edited, true)) w.queue.rows["1"].as_is.domain = "b.com";
    };
    BOOST_TEST(run_once(w).active == 1U);
    BOOST_TEST(w.queue.rows["1"].document_root == "/home/user_bcom/htdocs/b.com");
    BOOST_TEST(w.servers.sites["b.com"].exists);
}

BOOST_AUTO_TEST_CASE(a_failed_that_was_delivered_after_all_does_not_fail_the_next_request) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.failures["a.com"] = {{errc::site_refused, "no"}};
    w.queue.report_failures = {{errc::supabase_unreachable, "the answer was lost"}};
    w.queue.before_report = [&, lost = false](const outcome& what) mutable {
        // It arrives, its answer does not; and the Hub sets the row to pending again.
        if (!std::exchange(lost, true)) w.queue.rows["1"].as_is.error_message = what.error_message;
    };
    BOOST_TEST(run_once(w).active == 1U);
}

BOOST_AUTO_TEST_CASE(an_outcome_whose_answer_was_lost_is_not_written_twice) {
    for (const bool fails : {false, true}) {
        world w;
        w.queue.add("1", "a.com");
        if (fails) w.servers.failures["a.com"] = {{errc::site_refused, "no"}};
        w.queue.report_losses = {{errc::supabase_unreachable, "the answer was lost"}};
        const auto summary = run_once(w);
        BOOST_TEST(summary.active == (fails ? 0U : 1U));
        BOOST_TEST(summary.failed == (fails ? 1U : 0U));
        BOOST_TEST(w.queue.written.size() == 1U);
        BOOST_TEST(w.store.sites.empty());
    }
}

BOOST_AUTO_TEST_CASE(an_outcome_whose_answer_was_lost_is_not_written_over_the_next_request) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.report_losses = {{errc::supabase_unreachable, "the answer was lost"}};
    w.queue.after_loss = [&] { w.queue.rows["1"].as_is.status_hosting = "pending"; };
    BOOST_TEST(run_once(w).active == 1U);
    const auto looks =
        std::ranges::count_if(w.servers.calls, [](const auto& c) { return c.starts_with("create "); });
    BOOST_TEST(looks == 2); // the next request is done as such
}

BOOST_AUTO_TEST_CASE(a_matomo_that_a_person_must_mend_is_one_line_and_one_when_it_is_well) {
    world w;
    for (int i = 0; i < 3; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.statistics.refusal = failure{errc::matomo_refused, "the token was refused"};
    BOOST_TEST(run_once(w).active == 3U);
    BOOST_TEST(w.journal.count("warning Matomo is left in peace") == 1U);
    run_until(w, [&, n = 3]() mutable {
        if (n == 3) w.queue.add(std::to_string(n++), "more.com");
        if (w.queue.written.size() == 4U && n == 4) {
            w.statistics.refusal.reset();
            w.queue.add(std::to_string(n++), "last.com");
        }
        return w.queue.written.size() == 5U;
    });
    BOOST_TEST(w.journal.count("warning Matomo is left in peace") == 2U); // a life each
    BOOST_TEST(w.journal.count("info Matomo can be used again") == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_cannot_be_used_is_one_line_and_one_when_it_can) {
    world w;
    w.queue.fleet.push_back(world::make_server("s2"));
    for (int i = 0; i < 3; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.queue.add("other", "other.com", "s2");
    w.servers.server_failures["s1"] = {{errc::ssh_unreachable, "refused"},
                                       {errc::ssh_unreachable, "refused"}};
    BOOST_TEST(run_once(w).active == 4U);
    BOOST_TEST(w.journal.count("warning the server cannot be used now, its sites wait: refused") == 1U);
    BOOST_TEST(w.journal.count("info the server can be used again after") == 1U);
    BOOST_TEST(w.queue.written.front() == "other active");
    BOOST_TEST(w.store.incidents.empty());
    BOOST_TEST(w.store.sites.empty());
}

BOOST_AUTO_TEST_CASE(sites_of_a_server_that_stays_away_fail_after_the_limit_without_being_tried) {
    world w;
    for (int i = 0; i < 20; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.server_failures["s1"] = std::deque<failure>(1'000, {errc::ssh_unreachable, "refused"});
    const auto begin = w.time.now().steady;
    run_until(w, [&] { return w.queue.written.size() == 40U; }); // each was announced, and then failed
    const auto took = w.time.now().steady - begin;
    BOOST_TEST((took >= 2h && took < 2h + 6min));
    for (const auto& [id, r] : w.queue.rows)
        BOOST_TEST(r.error_message.starts_with(
            "E_SSH_UNREACHABLE: the site has waited for its server for 2 h: refused"));
    BOOST_TEST(w.servers.calls.size() < 45U); // one probe at a time, at most every 2.5 minutes
    BOOST_TEST(w.journal.count("warning the server cannot be used now") == 1U);
}

BOOST_AUTO_TEST_CASE(a_row_that_can_never_be_done_says_so_whatever_its_server_does) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.add("2", "no domain");
    w.servers.server_failures["s1"] = std::deque<failure>(1'000, {errc::ssh_unreachable, "refused"});
    run_until(w, [&] { return w.queue.status("2") == "failed"; });
    BOOST_TEST(w.queue.rows["2"].error_message.starts_with("E_DOMAIN_INVALID: "));
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_a_key_that_never_worked_is_parked_and_its_sites_fail) {
    world w;
    for (int i = 0; i < 3; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.server_failures["s1"] = std::deque<failure>(3, {errc::ssh_auth, "the key was refused"});
    BOOST_TEST(run_once(w).failed == 3U);
    BOOST_TEST(w.journal.count("warning the server is parked, its sites fail: the key was refused") == 1U);
}

BOOST_AUTO_TEST_CASE(a_restart_forgets_no_schedule_and_no_outage) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.install_failures["a.com"] = {{errc::cert_dns, "no A record"}, {errc::cert_dns, "no A record"}};
    run_until(w, [&] { return w.store.sites.contains("1"); });
    const auto calls = w.servers.calls.size();
    BOOST_TEST(w.store.orders.size() == 1U);
    BOOST_TEST((w.store.orders.begin()->second.end == order_end::validation_refused));
    const auto begin = w.time.now().steady;
    run_until(w, [&] { return w.servers.calls.size() > calls; });
    BOOST_TEST((w.time.now().steady - begin >= 50s)); // the rest of the minute
    run_until(w, [&] { return w.queue.status("1") == "active"; });
    BOOST_TEST((w.time.now().steady - begin >= 10min));
    BOOST_TEST(w.store.sites.empty());
}

BOOST_AUTO_TEST_CASE(without_a_memory_the_work_goes_on) {
    world w;
    w.store.broken = failure{errc::memory_unusable, "read-only"};
    w.queue.add("1", "a.com");
    BOOST_TEST(run_once(w).active == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_is_paused_between_two_steps_is_left_alone) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.step_time = 20s;
    w.servers.on_create = [&] { w.queue.fleet[0].active = false; };
    run_until(w,
              [&] { return w.journal.count("the server is paused") == 1U && w.servers.at_work["s1"] == 0; });
    BOOST_TEST(w.servers.calls.size() == 1U);
    BOOST_TEST(w.queue.status("1") == "pending");
    w.queue.fleet[0].active = true;
    w.servers.on_create = {};
    run_until(w, [&] { return w.queue.status("1") == "active"; });
    BOOST_TEST(w.servers.calls.back() == "install a.com");
}

BOOST_AUTO_TEST_CASE(a_long_queue_is_read_whole_only_now_and_then) {
    world w;
    for (int i = 0; i < 1'000; ++i)
        w.queue.add("w" + std::to_string(i), "site" + std::to_string(i) + ".com", "s2");
    w.queue.fleet.push_back(world::make_server("s2", false)); // they all wait
    w.queue.page = 100;
    run_until(w, [&] { return w.queue.polls == 50U; });
    BOOST_TEST(w.queue.scans <= 5U);
    w.queue.add("z-new", "new.com");
    const auto polls = w.queue.polls;
    run_until(w, [&] { return w.queue.status("z-new") == "active"; });
    BOOST_TEST(w.queue.polls <= polls + 3);
}

BOOST_AUTO_TEST_CASE(bad_rows_fail_and_good_ones_go_on) {
    world w;
    w.queue.add("1", "x;touch /tmp/pwned.com");
    w.queue.add("2", "good.com");
    w.queue.add("3", "lost.com", "s9");
    const auto summary = run_once(w);
    BOOST_TEST(summary.active == 1U);
    BOOST_TEST(summary.failed == 2U);
    BOOST_TEST(w.queue.rows["1"].error_message.starts_with("E_DOMAIN_INVALID: "));
    BOOST_TEST(w.queue.rows["3"].error_message.starts_with("E_SERVER_UNKNOWN: "));
}

BOOST_AUTO_TEST_CASE(a_transient_failure_is_overcome) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.failures["a.com"] = {{errc::step_timeout, "slow"}, {errc::step_timeout, "slow"}};
    BOOST_TEST(run_once(w).active == 1U);
}

BOOST_AUTO_TEST_CASE(the_attempts_are_bounded) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.failures["a.com"] = std::deque<failure>(10, {errc::step_timeout, "slow"});
    BOOST_TEST(run_once(w).failed == 1U);
    BOOST_TEST(w.servers.calls.size() == 3U);
    BOOST_TEST(w.queue.rows["1"].error_message.starts_with("E_TIMEOUT: slow"));
}

BOOST_AUTO_TEST_CASE(an_outcome_survives_supabases_absence) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.report_failures = {{errc::supabase_unreachable, "x"}, {errc::supabase_unreachable, "x"}};
    BOOST_TEST(run_once(w).active == 1U);
    BOOST_TEST(w.servers.calls.size() == 2U); // nothing was done twice
    BOOST_TEST(w.queue.written.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_the_hub_changed_meanwhile_is_not_written_over) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.before_report = [&](const outcome&) { w.queue.rows["1"].as_is.status_hosting = "cancelled"; };
    const auto summary = run_once(w);
    BOOST_TEST(summary.active + summary.failed == 0U);
    BOOST_TEST(w.queue.status("1") == "cancelled");
    BOOST_TEST(w.journal.count("warning the row was changed in the meantime") == 1U);
}

BOOST_AUTO_TEST_CASE(a_paused_servers_sites_wait) {
    world w;
    w.queue.fleet.push_back(world::make_server("s2", false));
    w.queue.add("1", "a.com");
    w.queue.add("2", "b.com", "s2");
    w.queue.add("3", "c.com", "s2");
    const auto summary = run_once(w);
    BOOST_TEST(summary.active == 1U);
    BOOST_REQUIRE(summary.waiting.size() == 2U);
    BOOST_TEST(summary.waiting[0].paused);
    BOOST_TEST(w.queue.status("2") == "pending");
    BOOST_TEST(w.journal.count("the server is paused") == 1U);
}

BOOST_AUTO_TEST_CASE(what_waits_for_longer_than_our_patience_is_listed) {
    world w;
    w.queue.add("1", "a.com");
    w.servers.install_failures["a.com"] = std::deque<failure>(3, {errc::cert_dns, "no A record"});
    const auto summary = run_once(w, quick(), {}, 2min);
    BOOST_REQUIRE(summary.waiting.size() == 1U);
    BOOST_TEST((summary.waiting[0].cause == errc::cert_dns));
    // It waits for more than five minutes: the row says why.
    BOOST_TEST(
        w.queue.rows["1"].error_message.starts_with("WAITING E_CERT_DNS: no A record; next attempt at "));
    BOOST_TEST(w.queue.status("1") == "pending");
}

BOOST_AUTO_TEST_CASE(a_named_row_is_done_whatever_its_state) {
    world w;
    w.queue.add("1", "a.com").status_hosting = "failed";
    w.queue.add("2", "b.com");
    BOOST_TEST(run_once(w, quick(), "1").active == 1U);
    BOOST_TEST(w.queue.status("1") == "active");
    BOOST_TEST(w.queue.status("2") == "pending");
}

BOOST_AUTO_TEST_CASE(a_named_active_row_is_never_written_failed) {
    world w;
    w.queue.add("1", "a.com").status_hosting = "active";
    w.servers.failures["a.com"] = {{errc::site_refused, "x"}};
    BOOST_TEST(run_once(w, quick(), "1").failed == 1U);
    BOOST_TEST(w.queue.status("1") == "active");
    BOOST_TEST(w.queue.written.empty());
}

BOOST_AUTO_TEST_CASE(a_named_row_that_is_not_there) {
    world w;
    BOOST_TEST(run_once(w, quick(), "nope").site_not_found);
}

BOOST_AUTO_TEST_CASE(limits_hold_with_many_sites) {
    world w;
    w.servers.step_time = 1ms;
    for (int i = 0; i < 50; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    auto settings = quick();
    settings.limits = {256, 4};
    BOOST_TEST(run_once(w, settings).active == 50U);
    BOOST_TEST(w.servers.most_at_work == 1U); // one step at a time on each server
}

BOOST_AUTO_TEST_CASE(once_supabase_is_away_it_is_said_and_nothing_is_done) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.poll_failures = {{errc::supabase_refused, "Invalid API key"}};
    const auto summary = run_once(w);
    BOOST_TEST(summary.queue_failure.has_value());
    BOOST_TEST(w.servers.calls.empty());
}

BOOST_AUTO_TEST_CASE(the_daemon_sees_new_rows_and_recovers_from_an_outage_with_two_lines) {
    world w;
    w.queue.poll_failures = {{errc::supabase_unreachable, "503"}, {errc::supabase_unreachable, "503"}};
    w.queue.add("1", "a.com");
    bool added = false;
    run_until(w, [&] {
        if (!added && w.queue.status("1") == "active") {
            w.queue.add("2", "b.com");
            added = true;
        }
        return added && w.queue.status("2") == "active";
    });
    BOOST_TEST(w.journal.count("Supabase cannot be used") == 1U);
    BOOST_TEST(w.journal.count("Supabase is back") == 1U);
}

BOOST_AUTO_TEST_CASE(a_row_set_to_pending_again_is_done_again) {
    world w;
    w.queue.add("1", "a.com");
    bool again = false;
    run_until(w, [&] {
        if (!again && w.queue.status("1") == "active") {
            w.queue.rows["1"].as_is.status_hosting = "pending";
            again = true;
        }
        return again && w.queue.status("1") == "active";
    });
    BOOST_TEST(w.queue.written.size() == 2U);
    BOOST_TEST(std::count(w.servers.calls.begin(), w.servers.calls.end(), "install a.com") == 1);
}

BOOST_AUTO_TEST_CASE(stopping_begins_no_further_command_and_leaves_the_row) {
    world w;
    w.servers.step_time = 20ms;
    w.queue.add("1", "a.com");
    w.queue.add("2", "b.com");
    auto settings = quick();
    settings.limits = {1, 1};
    run_until(
        w, [&] { return !w.servers.calls.empty(); }, settings);
    BOOST_TEST(w.servers.calls.size() == 1U);
    BOOST_TEST(w.queue.status("1") == "pending");
    BOOST_TEST(w.queue.status("2") == "pending");
}

BOOST_AUTO_TEST_CASE(an_exception_of_ours_takes_no_other_site_along) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.add("2", "b.com");
    bool thrown = false;
    w.servers.on_create = [&] {
        if (!std::exchange(thrown, true)) throw std::runtime_error("a bug");
    };
    BOOST_TEST(run_once(w).active == 2U);
    BOOST_TEST(w.journal.count("error working on a site ended in an exception: a bug") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
