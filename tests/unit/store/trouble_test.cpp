#include "tests/unit/store/disk.hpp"
#include "tests/unit/store/store_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

struct trouble_fixture : store_fixture {
    ~trouble_fixture() { disk::has_room(); }

    bool works_again() {
        return eventually([&] { return lines_with("can be used again") > 0; });
    }
    void check_one_warning() const {
        BOOST_TEST(lines_with("warning ") == 1U);
        BOOST_TEST(lines_with("cannot be used") == 1U);
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_trouble, trouble_fixture)

BOOST_AUTO_TEST_CASE(a_folder_that_is_a_file) {
    std::filesystem::remove(state_dir);
    write_file(state_dir, "no folder");
    start();
    const auto all = wait_for(store->load());
    BOOST_REQUIRE(!all.has_value());
    BOOST_TEST((all.error().code == errc::memory_unusable));
    BOOST_TEST(store->installation_id().size() == 36U);
    store->keep(site_of("one", 1));
    store->keep(site_of("one", 2));
    store->keep(site_of("two"));
    store->forget_site("two");
    for (std::uint64_t id = 1; id <= 3; ++id)
        BOOST_TEST(!keep_order(order_of(id)));
    flush();
    check_one_warning();

    const auto id = store->installation_id();
    std::filesystem::remove(state_dir);
    BOOST_TEST(works_again());
    BOOST_TEST(keep_order(order_of(4)));
    BOOST_TEST(ask("SELECT site_id, snoozes FROM sites") == "one|2");
    BOOST_TEST(ask("SELECT id FROM orders") == "4");
    BOOST_TEST(store->installation_id() == id);
    BOOST_TEST(ask("SELECT value FROM meta WHERE name = 'installation_id'") == id);
    BOOST_TEST(journal.lines().size() == 2U);
    BOOST_TEST(journal.lines().back().starts_with("info "));
}

BOOST_AUTO_TEST_CASE(a_disk_that_is_full_for_a_while) {
    start();
    std::ignore = loaded();
    disk::becomes_full_after(0);
    BOOST_TEST(!keep_order(order_of(1)));
    for (unsigned n = 0; n < 100; ++n) {
        store->keep(site_of("one", n));
        flush();
        BOOST_TEST(!keep_order(order_of(n)));
    }
    check_one_warning();
    BOOST_TEST(lines_with("full") == 1U);
    disk::has_room();
    BOOST_TEST(works_again());
    BOOST_TEST(keep_order(order_of(200)));
    BOOST_TEST(ask("SELECT snoozes FROM sites") == "99");
    BOOST_TEST(ask("SELECT id FROM orders") == "200");
    BOOST_TEST(journal.lines().size() == 2U);
}

// Wherever a transaction is when the disk fills, nothing is lost but what was said to be.
BOOST_AUTO_TEST_CASE(a_disk_that_fills_at_any_write) {
    for (std::size_t room = 0; room < 40; ++room) {
        BOOST_TEST_CONTEXT("after " << room << " writes") {
            std::filesystem::remove_all(state_dir);
            start();
            if (room % 2 == 0) std::ignore = wait_for(store->load());
            disk::becomes_full_after(room);
            std::vector<std::uint64_t> kept;
            for (std::uint64_t id = 1; id <= 3; ++id) {
                store->keep(site_of(std::to_string(id)));
                store->keep(incident_of(std::to_string(id)));
                if (keep_order(order_of(id))) kept.push_back(id);
            }
            disk::has_room();
            restart();
            const auto all = loaded();
            BOOST_TEST(all.sites.size() == 3U);
            BOOST_TEST(all.incidents.size() == 3U);
            for (const auto id : kept)
                BOOST_TEST(std::ranges::count(all.orders, id, &order_record::id) == 1);
            store.reset();
        }
    }
    BOOST_TEST(lines_with("damaged") == 0U);
}

BOOST_AUTO_TEST_CASE(a_file_that_somebody_else_holds) {
    start();
    std::ignore = loaded();
    sql other(file);
    other("BEGIN IMMEDIATE");
    store->keep(site_of("one"));
    BOOST_TEST(!keep_order(order_of(1)));
    check_one_warning();
    BOOST_TEST(lines_with("locked") == 1U);
    other("COMMIT");
    BOOST_TEST(works_again());
    BOOST_TEST(keep_order(order_of(2)));
    BOOST_TEST(ask("SELECT count(*) FROM sites") == "1");
}

BOOST_AUTO_TEST_CASE(a_reader_holds_nobody_up) {
    start();
    BOOST_TEST(keep_order(order_of(1)));
    sql other(file);
    BOOST_TEST(other("BEGIN; SELECT count(*) FROM orders") == "1");
    for (std::uint64_t id = 2; id <= 50; ++id)
        BOOST_TEST(keep_order(order_of(id)));
    BOOST_TEST(other("SELECT count(*) FROM orders") == "1");
    BOOST_TEST(other("COMMIT; SELECT count(*) FROM orders") == "50");
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_removed_while_in_use) {
    start();
    store->keep(site_of("one"));
    flush();
    std::filesystem::remove_all(state_dir);
    store->keep(site_of("two"));
    BOOST_TEST(keep_order(order_of(1)));
    BOOST_TEST(ask("SELECT site_id FROM sites") == "two");
    BOOST_TEST(journal.lines().size() == 1U);
    BOOST_TEST(lines_with("removed or replaced") == 1U);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_replaced_while_in_use) {
    start();
    store->keep(site_of("one"));
    store.reset();
    std::filesystem::copy_file(file, state_dir / "backup");
    start();
    store->forget_site("one");
    flush();
    std::filesystem::rename(state_dir / "backup", file);
    store->keep(site_of("two"));
    flush();
    BOOST_TEST(ask("SELECT site_id FROM sites ORDER BY 1") == "one\ntwo");
    BOOST_TEST(lines_with("removed or replaced") == 1U);
}

BOOST_AUTO_TEST_CASE(the_end_writes_once_more_what_could_not_be_written) {
    start({1ms, 1h, 1h});
    std::ignore = loaded();
    disk::becomes_full_after(0);
    store->keep(site_of("one"));
    flush();
    check_one_warning();
    disk::has_room();
    store.reset();
    BOOST_TEST(ask("SELECT count(*) FROM sites") == "1");
}

BOOST_AUTO_TEST_CASE(the_end_comes_although_nothing_can_be_written) {
    start();
    std::ignore = loaded();
    disk::becomes_full_after(0);
    store->keep(site_of("one"));
    auto order = begin(store->keep_order(order_of(1)));
    auto flushed = begin(store->flush());
    loop.restart();
    loop.poll();
    store.reset();
    loop.run();
    BOOST_TEST(!order.get().has_value());
    flushed.get();
    check_one_warning();
}

BOOST_AUTO_TEST_SUITE_END()
