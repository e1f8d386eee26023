#include "dispatcher_runs.hpp"

using namespace std::chrono_literals;
using namespace hosting;
using fakes::quick;
using fakes::run_until;
using fakes::world;

BOOST_AUTO_TEST_SUITE(dispatcher_and_certificates)

BOOST_AUTO_TEST_CASE(a_rate_limit_of_lets_encrypt_holds_its_site_alone) {
    world w;
    w.queue.add("1", "a.com");
    w.queue.add("2", "b.com");
    w.servers.install_failures["a.com"] = {{errc::cert_rate_limit, "429"}};
    const auto begin = w.time.now().steady;
    run_until(w, [&] { return w.queue.status("1") == "active"; });
    BOOST_TEST((w.time.now().steady - begin >= 1h));
    BOOST_TEST(std::count(w.servers.calls.begin(), w.servers.calls.end(), "install a.com") == 2);
    const std::vector<std::string> expected{"1 pending", "2 active",
                                            "1 active"}; // the first says why it waits
    BOOST_TEST(w.queue.written == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_clock_that_is_set_changes_no_budget) {
    world w;
    auto settings = quick();
    settings.orders_per_server_per_3h = 2;
    w.queue.add("1", "a.com");
    w.queue.add("2", "b.com");
    w.time.set_wall(w.time.now().wall - 24h * 80); // as after a boot without a clock
    run_until(
        w, [&] { return w.queue.written.size() == 2U; }, settings);
    const auto first = w.time.now().steady;
    w.time.set_wall(w.time.now().wall + 24h * 80);
    w.queue.add("3", "c.com");
    run_until(
        w, [&] { return w.queue.status("3") == "active"; }, settings);
    BOOST_TEST(w.store.orders.size() == 3U);
    // The next life reads the stored dates by its own clock; the life that made the orders does not forget
    // them.
    w.queue.add("4", "d.com");
    w.queue.add("5", "e.com");
    bool set = false;
    run_until(
        w,
        [&] {
            if (!set && w.queue.status("4") == "active") {
                w.time.set_wall(w.time.now().wall + 24h * 400);
                set = true;
            }
            return w.queue.status("5") == "active";
        },
        settings);
    BOOST_TEST((w.time.now().steady - first >= 3h));
}

BOOST_AUTO_TEST_CASE(a_budget_that_is_spent_holds_the_servers_orders_back_with_one_line) {
    world w;
    for (int i = 0; i < 12; ++i)
        w.queue.add(std::to_string(i), "site" + std::to_string(i) + ".com");
    auto settings = quick();
    settings.orders_per_server_per_3h = 5;
    const auto begin = w.time.now().steady;
    run_until(
        w,
        [&] {
            return w.queue.written.size() >= 12U && w.queue.polls > 2 && w.store.orders.size() == 12U &&
                   std::ranges::all_of(
                       w.queue.rows, [](const auto& r) { return r.second.as_is.status_hosting == "active"; });
        },
        settings);
    BOOST_TEST((w.time.now().steady - begin >= 6h));
    BOOST_TEST(w.journal.count("warning no more certificates are ordered from the server for now") == 2U);
    BOOST_TEST(w.store.sites.empty());
}

BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_gets_no_order_until_it_does) {
    world w;
    w.queue.add("1", "a.com");
    w.dns.special["a.com"] = resolution::kind::no_such_name;
    run_until(w, [&] { return w.dns.asked.size() == 3U; });
    BOOST_TEST(w.store.orders.empty());
    w.dns.special.clear();
    run_until(w, [&] { return w.queue.status("1") == "active"; });
    BOOST_TEST(w.store.orders.size() == 1U);
}

// Each look costs its server a command.
BOOST_AUTO_TEST_CASE(a_name_that_does_not_resolve_for_a_day_is_looked_at_ever_more_rarely) {
    world w;
    w.queue.add("1", "a.com");
    w.dns.special["a.com"] = resolution::kind::no_such_name;
    run_until(w, [&] { return w.queue.status("1") == "failed"; });
    BOOST_TEST(w.dns.asked.size() >= 288U);
    BOOST_TEST(w.dns.asked.size() <= 2 * 288U + 100U);
}

BOOST_AUTO_TEST_SUITE_END()
