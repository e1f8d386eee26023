#include "tests/unit/store/store_fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>

using namespace hosting;
using namespace hosting::test;

namespace {

struct damage_fixture : store_fixture {
    // A file as an earlier life left it.
    void earlier_life(unsigned sites = 500) {
        start();
        for (unsigned i = 0; i < sites; ++i)
            store->keep(site_of(std::to_string(i)));
        flush();
        store.reset();
    }
    std::vector<std::filesystem::path> put_aside() const {
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::directory_iterator(state_dir))
            if (entry.path().filename().string().starts_with("state.db.corrupt-"))
                found.push_back(entry.path());
        std::ranges::sort(found);
        return found;
    }
    // It is said once, the old file is kept, and the new one works.
    void check_begun_anew() {
        BOOST_TEST(keep_order(order_of(7)));
        BOOST_TEST(lines_with("warning ") == 1U);
        BOOST_TEST(lines_with("is damaged") == 1U);
        BOOST_TEST(lines_with(put_aside().at(0).filename().string()) == 1U);
        store->keep(site_of("new"));
        restart();
        const auto all = loaded();
        BOOST_TEST(all.orders.size() == 1U);
        BOOST_TEST(all.sites.size() == 1U);
        BOOST_TEST(journal.lines().size() == 1U);
    }
    void overwrite(std::uint64_t at, std::size_t bytes) const {
        std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
        out.seekp(static_cast<std::streamoff>(at)) << std::string(bytes, '\x5a');
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_damage, damage_fixture)

BOOST_AUTO_TEST_CASE(what_is_no_database_is_put_aside) {
    const std::string text(20'000, 'x');
    write_file(file, text);
    write_file(file.string() + "-wal", "the log of it");
    start();
    BOOST_TEST(loaded().sites.empty());
    const auto aside = put_aside();
    BOOST_REQUIRE(!aside.empty());
    BOOST_TEST(read_file(aside[0]) == text);
    BOOST_TEST(read_file(aside[0].string() + "-wal") == "the log of it");
    const auto name = aside[0].filename().string();
    BOOST_TEST(name.size() == std::string("state.db.corrupt-20260131T235959Z").size());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(a_truncated_file_is_put_aside) {
    earlier_life();
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    start();
    BOOST_TEST(loaded().sites.empty());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(damage_in_the_middle_is_found_at_the_start) {
    earlier_life();
    overwrite(std::filesystem::file_size(file) / 2, 8'192);
    start();
    BOOST_TEST(loaded().sites.empty());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(damage_in_what_is_not_loaded_is_found_at_the_start) {
    earlier_life();
    const auto index =
        ask("SELECT (rootpage - 1) * 4096 FROM sqlite_schema WHERE name = 'sqlite_autoindex_sites_1'");
    BOOST_REQUIRE(ask("PRAGMA page_size") == "4096");
    overwrite(std::stoull(index), 4'096);
    start();
    BOOST_TEST(loaded().sites.empty());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(a_file_with_other_tables_is_put_aside) {
    ask("CREATE TABLE sites (something TEXT); PRAGMA user_version = 1");
    start();
    BOOST_TEST(loaded().sites.empty());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(a_file_of_somebody_else_is_put_aside) {
    ask("CREATE TABLE sites (something TEXT)");
    start();
    BOOST_TEST(loaded().sites.empty());
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_a_new_one) {
    write_file(file, "");
    start();
    BOOST_TEST(loaded().sites.empty());
    BOOST_TEST(keep_order(order_of(1)));
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(damage_while_in_use_costs_nothing_that_is_handed_in_later) {
    earlier_life();
    start();
    BOOST_TEST(loaded().sites.size() == 500U);
    ask("PRAGMA wal_checkpoint(TRUNCATE)"); // makes its connection forget what it has read
    overwrite(0, std::filesystem::file_size(file));
    check_begun_anew();
}

BOOST_AUTO_TEST_CASE(few_are_kept_aside) {
    for (int i = 0; i < 13; ++i) {
        write_file(file, "no database, number " + std::to_string(i) + std::string(1'000, '.'));
        start();
        BOOST_TEST(loaded().sites.empty());
        store.reset();
    }
    BOOST_TEST(lines_with("is damaged") == 13U);
    const auto aside = put_aside();
    BOOST_TEST(aside.size() == 10U);
    BOOST_TEST(std::ranges::any_of(
        aside, [](auto& p) { return read_file(p).find("number 12") != std::string::npos; }));
}

BOOST_AUTO_TEST_CASE(a_file_of_a_newer_version_is_left_alone) {
    earlier_life();
    ask("PRAGMA user_version = 99");
    const auto before = read_file(file);
    start();
    const auto all = wait_for(store->load());
    BOOST_REQUIRE(!all.has_value());
    BOOST_TEST((all.error().code == errc::memory_unusable));
    store->keep(site_of("new"));
    BOOST_TEST(!keep_order(order_of(1)));
    flush();
    store.reset();
    BOOST_TEST(read_file(file) == before);
    BOOST_TEST(put_aside().empty());
    BOOST_TEST(journal.lines().size() == 1U);
    BOOST_TEST(lines_with("newer version") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
