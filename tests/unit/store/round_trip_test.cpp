#include "tests/unit/store/store_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <sys/stat.h>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

// Everything once, with every field in use by some record.
memories random_memories(unsigned seed) {
    random_records some(seed);
    memories all;
    for (unsigned i = 0; i < 20; ++i) {
        const auto key = "key-" + std::to_string(i);
        all.sites.push_back(some.site(key));
        all.orders.push_back(some.order(seed * 100 + i));
        all.servers.push_back(some.facts(key));
        all.incidents.push_back(some.incident(key));
    }
    all.orders.push_back(some.order(std::numeric_limits<std::uint64_t>::max() - seed));
    sort_by_key(all);
    return all;
}

void check_equal(const memories& a, const memories& b) {
    BOOST_TEST((a.sites == b.sites));
    BOOST_TEST((a.orders == b.orders));
    BOOST_TEST((a.servers == b.servers));
    BOOST_TEST((a.incidents == b.incidents));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_round_trip, store_fixture)

BOOST_AUTO_TEST_CASE(a_new_memory_is_empty) {
    start();
    check_equal(loaded(), memories());
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(what_was_kept_is_loaded_by_the_next_life) {
    for (unsigned seed = 1; seed <= 25; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            std::filesystem::remove_all(state_dir);
            start();
            check_equal(loaded(), memories());
            const auto all = random_memories(seed);
            for (const auto& s : all.sites)
                store->keep(s);
            for (const auto& s : all.servers)
                store->keep(s);
            for (const auto& i : all.incidents)
                store->keep(i);
            for (std::size_t i = 0; i < all.orders.size(); ++i)
                i % 2 == 0 ? store->end_order(all.orders[i]) : static_cast<void>(keep_order(all.orders[i]));
            restart();
            check_equal(loaded(), all);
            store.reset();
        }
    }
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(random_histories_end_as_the_last_of_each_key) {
    std::mt19937 dice(7);
    random_records some(7);
    std::map<std::string, site_record> sites;
    std::map<std::string, incident_record> incidents;
    start();
    for (int step = 0; step < 2'000; ++step) {
        const auto key = std::to_string(dice() % 30);
        switch (dice() % 10) {
        case 0:
        case 1:
        case 2: store->keep(sites[key] = some.site(key)); break;
        case 3:
        case 4: store->keep(incidents[key] = some.incident(key)); break;
        case 5:
            sites.erase(key);
            store->forget_site(key);
            break;
        case 6:
            incidents.erase(key);
            store->forget_incident(key);
            break;
        case 7:
            if (dice() % 10 == 0) flush();
            break;
        case 8:
            if (dice() % 10 == 0) BOOST_TEST(keep_order(order_of(static_cast<std::uint64_t>(step))));
            break;
        default:
            if (dice() % 30 == 0) restart();
        }
    }
    restart();
    memories expected;
    for (const auto& [key, s] : sites)
        expected.sites.push_back(s);
    for (const auto& [key, i] : incidents)
        expected.incidents.push_back(i);
    auto found = loaded();
    found.orders.clear();
    check_equal(found, expected);
}

BOOST_AUTO_TEST_CASE(an_order_gets_its_end) {
    start();
    auto order = order_of(1);
    BOOST_TEST(keep_order(order));
    order.end = order_end::rate_limited;
    order.not_before = now_ms() + 1h;
    store->end_order(order);
    restart();
    BOOST_TEST((loaded().orders == std::vector{order}));
}

BOOST_AUTO_TEST_CASE(orders_older_than_eight_days_are_forgotten) {
    start();
    auto old = order_of(1);
    old.at -= 8 * 24h + 1min;
    auto young = order_of(2);
    young.at -= 8 * 24h - 1min;
    BOOST_TEST(keep_order(old));
    BOOST_TEST(keep_order(young));
    BOOST_TEST((loaded().orders == std::vector{young}));
    BOOST_TEST(ask("SELECT id FROM orders") == "1\n2");
    restart();
    BOOST_TEST((loaded().orders == std::vector{young}));
    BOOST_TEST(ask("SELECT id FROM orders") == "2");
}

BOOST_AUTO_TEST_CASE(orders_of_a_life_that_counted_anew_do_not_replace_older_ones) {
    start();
    auto earlier = order_of(1);
    earlier.at -= 1h;
    const auto later = order_of(1);
    BOOST_TEST(keep_order(earlier));
    BOOST_TEST(keep_order(later));
    restart();
    BOOST_TEST((loaded().orders == std::vector{earlier, later}));
}

BOOST_AUTO_TEST_CASE(the_installation_keeps_its_id) {
    start();
    std::ignore = loaded();
    const auto id = store->installation_id();
    BOOST_TEST(id.size() == 36U);
    BOOST_TEST(id[14] == '4'); // a random one's version
    restart();
    std::ignore = loaded();
    BOOST_TEST(store->installation_id() == id);
    store.reset();
    std::filesystem::remove(file);
    start();
    std::ignore = loaded();
    BOOST_TEST(store->installation_id() != id);
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_written_soon_and_people_can_read_it) {
    start();
    std::ignore = loaded();
    auto s = site_of("one", 3);
    s.progress.failed_since = s.next_attempt;
    s.progress.last = {errc::cert_rate_limit, "too many"};
    s.progress.undelivered =
        undelivered_outcome{{outcome::kind::failed, std::nullopt, std::nullopt, "E_CERT: no"}, {}};
    store->keep(s);
    BOOST_TEST(eventually([&] { return ask("SELECT count(*) FROM sites") == "1"; }));
    BOOST_TEST(
        ask("SELECT site_id, domain, server_id, snoozes, last_stage, last_failure, last_detail, outcome, "
            "announced, waiting_since_ms FROM sites") ==
        "one|one.example|s1|3|site|cert_rate_limit|too many|failed|NULL|NULL");
    BOOST_TEST(ask("SELECT abs(unixepoch() - next_attempt_ms / 1000) < 60 FROM sites") == "1");
    BOOST_TEST(ask("PRAGMA journal_mode") == "wal");
}

BOOST_AUTO_TEST_CASE(what_a_person_wrote_into_the_file_harms_nobody) {
    start();
    store->keep(site_of("one"));
    store->keep(incident_of("root@192.0.2.1:22"));
    flush();
    BOOST_TEST(keep_order(order_of(1)));
    store.reset();
    ask("UPDATE sites SET next_attempt_ms = 9223372036854775807, snoozes = -1, site_attempts = 1 << 40, "
        "last_stage = 'x', last_failure = 'x', outcome = 'x', waiting_since_ms = -9223372036854775807;"
        "UPDATE incidents SET failure = 'x'; UPDATE orders SET ended = 'x'");
    start();
    const auto all = loaded();
    BOOST_REQUIRE(all.sites.size() == 1U);
    const auto& p = all.sites[0].progress;
    BOOST_TEST((all.sites[0].next_attempt == wall_time::max()));
    BOOST_TEST(p.snoozes == 0U);
    BOOST_TEST(p.attempts[0] == std::numeric_limits<unsigned>::max());
    BOOST_TEST((p.at == stage::site));
    BOOST_TEST((p.last.code == errc::internal));
    BOOST_TEST(!p.undelivered.has_value());
    BOOST_TEST((p.waiting_since < wall_time()));
    BOOST_TEST((all.incidents.at(0).why.code == errc::internal));
    BOOST_TEST((all.orders.at(0).end == order_end::unknown));
}

BOOST_AUTO_TEST_CASE(only_we_may_read_the_file) {
    start();
    store->keep(site_of("one"));
    flush();
    for (const char* suffix : {"", "-wal", "-shm"}) {
        struct stat is {};
        BOOST_REQUIRE(::stat((file.string() + suffix).c_str(), &is) == 0);
        BOOST_TEST((is.st_mode & 0777) == 0600U);
    }
}

BOOST_AUTO_TEST_CASE(two_stores_on_two_folders_know_nothing_of_each_other) {
    start();
    const auto other_dir = folder.path() / "other"; // made by the store
    auto other = make_store(loop.get_executor(), other_dir, journal, impatient());
    store->keep(site_of("here"));
    other->keep(site_of("there"));
    flush();
    wait_for(other->flush());
    BOOST_TEST(ask("SELECT site_id FROM sites") == "here");
    BOOST_TEST(sql(other_dir / "state.db")("SELECT site_id FROM sites") == "there");
    BOOST_TEST(store->installation_id() != other->installation_id());
    struct stat is {};
    BOOST_REQUIRE(::stat(other_dir.c_str(), &is) == 0);
    BOOST_TEST((is.st_mode & 0777) == 0700U);
}

BOOST_AUTO_TEST_SUITE_END()
