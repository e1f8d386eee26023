#include "core/dispatcher.hpp"
#include "shared_pool.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace hosting;
namespace asio = boost::asio;

namespace {

// One daemon of several in one world.
struct daemon {
    fakes::world& w;
    fakes::desk_at_pool desk;
    std::unique_ptr<dispatcher> d;
    std::optional<dispatcher_summary> summary;

    daemon(fakes::world& in, fakes::shared_pool& pool, const std::string& worker, std::uint64_t number,
           dispatcher_settings settings)
        : w(in)
        , desk(pool, in.time, worker, number) {
        const site_ports ports{w.queue, w.servers, w.statistics, w.journal, w.dns,
                               desk,    w.time,    w.figures,    &desk};
        d = make_dispatcher(w.io.get_executor(), std::move(settings), ports);
    }

    void start(dispatcher_task task = {}) {
        asio::co_spawn(w.io, d->run(std::move(task)),
                       [this](const std::exception_ptr& e, dispatcher_summary s) {
                           if (e) std::rethrow_exception(e);
                           summary = std::move(s);
                       });
    }
};

struct shared_world {
    fakes::world w;
    fakes::shared_pool pool{w.queue, {}, {}, {}, 0, {}};
    dispatcher_settings settings;
    std::vector<std::unique_ptr<daemon>> daemons;

    shared_world() {
        settings.runner.machine.retry.max_attempts = 3;
        w.servers.step_time = 1s;
    }

    daemon& begin(const std::string& worker, dispatcher_task task = {}) {
        daemons.push_back(std::make_unique<daemon>(w, pool, worker, daemons.size() + 1, settings));
        daemons.back()->start(std::move(task));
        return *daemons.back();
    }

    void until(const std::function<bool()>& enough) {
        const auto limit = w.time.now().steady + 24h * 7;
        BOOST_TEST(w.time.run_until([&] { return enough() || w.time.now().steady > limit; }));
        BOOST_REQUIRE(enough());
    }

    bool all_are(std::string_view status) const {
        return std::ranges::all_of(w.queue.rows,
                                   [&](const auto& r) { return r.second.as_is.status_hosting == status; });
    }

    std::size_t calls(std::string_view beginning) const {
        return static_cast<std::size_t>(std::ranges::count_if(
            w.servers.calls, [&](const std::string& call) { return call.starts_with(beginning); }));
    }

    ~shared_world() {
        for (auto& one : daemons)
            one->d->stop();
        BOOST_TEST(w.time.run_until([&] {
            return std::ranges::all_of(daemons, [](const auto& one) { return one->summary.has_value(); });
        }));
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(sharing_rows, shared_world)

BOOST_AUTO_TEST_CASE(each_row_is_one_daemons_and_the_work_is_spread) {
    settings.limits.sites_in_flight = 4;
    for (int i = 0; i < 40; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    auto& one = begin("one");
    auto& two = begin("two");
    until([&] { return all_are("active"); });
    BOOST_TEST(calls("create") == 40U);
    BOOST_TEST(calls("install") == 40U);
    BOOST_TEST(one.desk.most_held <= 4U);
    BOOST_TEST(two.desk.most_held <= 4U);
    for (auto& each : daemons)
        each->d->stop();
    until([&] { return one.summary && two.summary; });
    BOOST_TEST(one.summary->active + two.summary->active == 40U);
    BOOST_TEST(one.summary->active >= 10U);
    BOOST_TEST(two.summary->active >= 10U);
    BOOST_TEST(pool.jobs.empty());
}

BOOST_AUTO_TEST_CASE(what_waits_is_given_back_and_its_attempts_go_on_with_whoever_claims_it) {
    w.queue.add("1", "a.com");
    w.servers.failures["a.com"] = {{errc::site_step, "no"}, {errc::site_step, "no"}, {errc::site_step, "no"}};
    begin("one");
    until([&] { return pool.jobs["1"].history.size() == 1U; });
    BOOST_TEST(pool.jobs["1"].worker.empty());
    daemons.back()->d->stop();
    until([&] { return daemons.back()->summary.has_value(); });
    begin("two");
    until([&] { return w.queue.status("1") == "failed"; });
    BOOST_TEST(calls("create") == 3U);
    BOOST_TEST(w.queue.rows["1"].error_message.starts_with("E_SITE_ADD"));
    until([&] { return !pool.jobs.contains("1"); });
}

BOOST_AUTO_TEST_CASE(no_step_is_begun_for_a_row_that_is_not_held_any_more) {
    w.queue.add("1", "a.com");
    bool lost = false;
    w.servers.on_create = [&] {
        if (!std::exchange(lost, true)) pool.take_from("one");
    };
    auto& one = begin("one");
    until([&] { return calls("create") == 1U && pool.held_by("one") == 0U; });
    one.d->stop(); // so that it does not claim the row again
    until([&] { return one.summary.has_value(); });
    BOOST_TEST(calls("install") == 0U);
    BOOST_TEST(w.queue.status("1") == "pending");
    begin("two");
    until([&] { return all_are("active"); });
    BOOST_TEST(calls("install") == 1U);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_another_daemons_lease_refuses_is_dropped) {
    w.queue.add("1", "a.com");
    w.queue.report_failures = {{errc::lease_lost, "another daemon has taken this site over"}};
    begin("one");
    until([&] { return w.journal.count("left to another daemon") == 1U; });
    BOOST_TEST(w.journal.count("tried again") == 0U);
    until([&] { return all_are("active"); }); // it is claimed anew
    BOOST_TEST(calls("install") == 1U);
}

BOOST_AUTO_TEST_CASE(an_order_of_another_daemon_counts_for_the_budget) {
    settings.orders_per_server_per_3h = 1;
    w.queue.add("1", "a.com");
    begin("one");
    until([&] { return all_are("active"); });
    BOOST_REQUIRE(pool.orders.size() == 1U);
    const auto first = w.time.now().steady;
    begin("two").desk.orders_seen = 0;
    daemons.front()->d->stop();
    w.queue.add("2", "b.com");
    until([&] { return all_are("active"); });
    BOOST_TEST((w.time.now().steady - first >= 2h + 59min));
    BOOST_TEST(pool.orders.size() == 2U);
    BOOST_TEST(pool.orders[0].second.id != pool.orders[1].second.id);
}

BOOST_AUTO_TEST_CASE(an_order_that_comes_in_between_is_judged_before_ours_is_sent) {
    settings.orders_per_server_per_3h = 1;
    w.queue.add("1", "a.com");
    auto& one = begin("one");
    until([&] { return calls("create") == 1U; });
    order_record other{77, place_of(w.queue.fleet[0]), "b.com", w.time.now().wall, order_end::unknown, {}};
    pool.orders.emplace_back("other", other);
    until([&] { return pool.jobs["1"].history.size() == 1U; });
    BOOST_TEST(pool.jobs["1"].history[0].progress.last.detail.find("1 orders of 3 hours") !=
               std::string::npos);
    BOOST_TEST(calls("install") == 0U);
    BOOST_TEST(one.desk.orders_seen == 1U);
}

BOOST_AUTO_TEST_CASE(an_order_that_is_heard_of_while_ours_is_written_down_is_judged_too) {
    settings.orders_per_server_per_3h = 1;
    w.queue.add("1", "a.com");
    auto& one = begin("one");
    one.desk.while_ordering = [&] {
        one.desk.while_ordering = nullptr;
        order_record other{77, place_of(w.queue.fleet[0]), "b.com", w.time.now().wall, order_end::unknown,
                           {}};
        pool.orders.emplace_back("other", other);
        one.d->poll_now();
    };
    until([&] { return pool.jobs["1"].history.size() == 1U; });
    BOOST_TEST(calls("install") == 0U);
    BOOST_REQUIRE(pool.orders.size() == 2U);
    BOOST_TEST((pool.orders[0].second.end == order_end::not_sent));
}

BOOST_AUTO_TEST_CASE(an_order_that_could_not_be_noted_is_no_order_should_it_have_arrived) {
    w.queue.add("1", "a.com");
    auto& one = begin("one");
    one.desk.order_failure = failure{errc::supabase_unreachable, "the answer was lost"};
    pool.orders.emplace_back("one", order_record{(std::uint64_t{1} << 32) | 1, "place", "a.com", {}, {}, {}});
    until([&] { return pool.jobs["1"].history.size() == 1U; });
    BOOST_TEST((pool.orders[0].second.end == order_end::not_sent));
}

BOOST_AUTO_TEST_CASE(a_run_that_lost_its_row_does_not_go_on_when_it_is_claimed_again) {
    w.queue.add("1", "a.com");
    w.servers.failures["a.com"] = {{errc::site_step, "no"}};
    auto& one = begin("one");
    bool lost = false;
    w.servers.on_create = [&] {
        if (std::exchange(lost, true)) return;
        pool.take_from("one");
        one.d->poll_now();
    };
    until([&] { return all_are("active"); });
    // What the first run knew is not written under the lease of the second.
    BOOST_TEST(pool.last_token == 3U);
    BOOST_TEST(calls("create") == 2U);
    BOOST_TEST(calls("install") == 1U);
}

BOOST_AUTO_TEST_CASE(without_the_shared_memory_nothing_is_ordered) {
    w.queue.add("1", "a.com");
    auto& one = begin("one");
    one.desk.order_failure = failure{errc::supabase_refused, "no rights"};
    until([&] { return pool.jobs["1"].history.size() == 1U; });
    BOOST_TEST(calls("install") == 0U);
    BOOST_TEST(w.queue.status("1") == "pending");
    one.desk.order_failure.reset();
    until([&] { return all_are("active"); });
}

BOOST_AUTO_TEST_CASE(a_server_that_is_down_is_tried_by_one_row_of_one_daemon) {
    for (int i = 0; i < 6; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.server_failures["s1"] = std::deque<failure>(5, {errc::ssh_unreachable, "refused"});
    begin("one");
    begin("two");
    until([&] { return all_are("active"); });
    // The first word, and the other daemon's step that was begun before it was heard; then four probes.
    BOOST_TEST(calls("create") <= 6U + 5U);
    BOOST_TEST(pool.probers.size() >= 3U);
    BOOST_TEST(w.journal.count("warning the server cannot be used now") <= 2U);
    BOOST_TEST(pool.incidents.empty());
}

BOOST_AUTO_TEST_CASE(rows_of_a_server_that_is_down_are_not_held) {
    for (int i = 0; i < 20; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.server_failures["s1"] = std::deque<failure>(100, {errc::ssh_unreachable, "refused"});
    begin("one");
    until([&] { return pool.incidents.size() == 1U; });
    until([&] { return pool.held_by("one") == 0U; });
    BOOST_TEST(w.journal.count("warning the server cannot be used now") == 1U);
}

BOOST_AUTO_TEST_CASE(a_server_that_was_down_and_got_another_address_is_not_waited_for) {
    for (int i = 0; i < 20; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.server_failures["s1"] = std::deque<failure>(3, {errc::ssh_unreachable, "refused"});
    begin("one");
    begin("two");
    until([&] { return pool.incidents.size() == 1U && w.servers.server_failures["s1"].empty(); });
    const auto moved = w.time.now().steady;
    w.queue.fleet[0].address = "new.example";
    until([&] { return all_are("active"); });
    BOOST_TEST(pool.incidents.empty());
    BOOST_TEST((w.time.now().steady - moved < 10min)); // and not one for each probe of the old address
}

BOOST_AUTO_TEST_CASE(a_paused_servers_rows_are_given_back) {
    w.queue.fleet.push_back(fakes::world::make_server("s2", false));
    w.queue.add("1", "a.com", "s2");
    w.queue.add("2", "b.com");
    begin("one");
    until([&] { return w.queue.status("2") == "active"; });
    BOOST_TEST(pool.held_by("one") == 0U);
    BOOST_TEST(w.queue.status("1") == "pending");
}

BOOST_AUTO_TEST_CASE(without_any_server_no_row_is_kept) {
    w.queue.add("1", "a.com");
    const auto fleet = std::exchange(w.queue.fleet, {});
    begin("one");
    until([&] { return w.journal.count("warning " + std::string(no_server_sentence)) == 1U; });
    BOOST_TEST(pool.held_by("one") == 0U);
    w.queue.fleet = fleet;
    until([&] { return all_are("active"); });
}

BOOST_AUTO_TEST_CASE(stopping_gives_all_back_at_once) {
    for (int i = 0; i < 20; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    auto& one = begin("one");
    until([&] { return w.queue.written.size() >= 2U; });
    BOOST_TEST(pool.held_by("one") > 10U);
    one.d->stop();
    until([&] { return one.summary.has_value(); });
    BOOST_TEST(pool.held_by("one") == 0U);
    begin("two");
    until([&] { return all_are("active"); });
    BOOST_TEST(calls("install") == 20U);
}

BOOST_AUTO_TEST_CASE(the_servers_are_told_the_queues_id_when_it_is_known_and_when_it_changes) {
    w.queue.add("1", "a.com");
    auto& one = begin("one");
    until([&] { return all_are("active"); });
    BOOST_TEST(w.servers.installations == (std::vector<std::string>{"", "queue"}),
               boost::test_tools::per_element());
    one.desk.queue_id = "another";
    until([&] { return w.servers.installations.size() == 3U; });
    BOOST_TEST(w.servers.installations.back() == "another");
}

BOOST_AUTO_TEST_CASE(who_stops_does_not_keep_what_waits_while_a_step_goes_on) {
    for (int i = 0; i < 20; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.step_time = 10min;
    auto& one = begin("one");
    until([&] { return calls("create") == 1U; });
    BOOST_TEST(pool.held_by("one") == 20U);
    one.d->stop();
    until([&] { return pool.held_by("one") == 1U; });
    BOOST_TEST(!one.summary.has_value());
    auto& two = begin("two");
    until([&] { return pool.held_by("two") == 19U; });
    BOOST_TEST(!one.summary.has_value());
    until([&] { return all_are("active"); });
    BOOST_TEST(one.summary.has_value());
    BOOST_TEST(!two.summary.has_value());
    BOOST_TEST(calls("create") == 21U); // its site is looked at again: it was stopped between two steps
    BOOST_TEST(calls("install") == 20U);
}

BOOST_AUTO_TEST_CASE(once_goes_on_until_nothing_can_be_claimed_and_names_who_waits) {
    settings.limits.sites_in_flight = 4;
    for (int i = 0; i < 10; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    w.servers.failures["site3.com"] = {{errc::site_step, "no"}};
    w.dns.special["site5.com"] = resolution::kind::no_such_name;
    dispatcher_task task;
    task.once = true;
    task.patience = 2min;
    auto& one = begin("one", std::move(task));
    until([&] { return one.summary.has_value(); });
    BOOST_TEST(one.summary->active == 9U);
    BOOST_REQUIRE(one.summary->waiting.size() == 1U);
    BOOST_TEST(one.summary->waiting[0].domain == "site5.com");
    BOOST_TEST((one.summary->waiting[0].cause == errc::cert_no_address));
    BOOST_TEST(pool.held_by("one") == 0U);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_named_is_claimed_unless_another_daemon_has_it) {
    w.queue.add("1", "a.com").status_hosting = "failed";
    w.queue.add("2", "b.com").status_hosting = "failed";
    auto& one = begin("one");
    pool.jobs["2"].worker = "other";
    one.d->request("1");
    one.d->request("2");
    until([&] { return w.queue.status("1") == "active"; });
    until([&] { return w.journal.count("another daemon works on it") == 1U; });
    BOOST_TEST(w.queue.status("2") == "failed");
    BOOST_TEST(calls("create") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
