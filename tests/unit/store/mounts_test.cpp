// With file systems of our own, in the mount namespace that unshare(1) made for this program.
#include "tests/unit/store/store_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sys/mount.h>

using namespace hosting;
using namespace hosting::test;

namespace {

// A small disk as the state folder.
struct disk_fixture : store_fixture {
    disk_fixture() { BOOST_REQUIRE(::mount("none", state_dir.c_str(), "tmpfs", 0, "size=256k") == 0); }
    ~disk_fixture() {
        store.reset();
        ::umount2(state_dir.c_str(), MNT_DETACH);
    }
    void remount(bool read_only) const {
        BOOST_REQUIRE(::mount("none", state_dir.c_str(), "tmpfs",
                              read_only ? MS_REMOUNT | MS_RDONLY : MS_REMOUNT, "size=256k") == 0);
    }
    void fill() const {
        std::ofstream out(state_dir / "filler", std::ios::binary | std::ios::app);
        while (out << std::string(4'096, '.') << std::flush) {
        }
    }
    void make_room() const { std::filesystem::remove(state_dir / "filler"); }

    bool works_again() {
        return eventually([&] { return lines_with("can be used again") > 0; });
    }
    memories an_earlier_life() {
        start();
        BOOST_TEST(keep_order(order_of(1)));
        for (int i = 0; i < 10; ++i)
            store->keep(site_of(std::to_string(i)));
        restart();
        auto all = loaded();
        id = store->installation_id();
        return all;
    }
    void check_it_is_remembered(const memories& all) {
        const auto found = loaded();
        BOOST_TEST((found.sites == all.sites));
        BOOST_TEST((found.orders == all.orders));
        BOOST_TEST(store->installation_id() == id);
    }
    void check_it_says_so() {
        store->keep(site_of("new"));
        BOOST_TEST(!keep_order(order_of(2)));
        flush();
        BOOST_TEST(lines_with("warning ") == 1U);
        BOOST_TEST(lines_with("cannot be used") == 1U);
    }
    void check_it_has_recovered(std::size_t sites) {
        BOOST_TEST(works_again());
        BOOST_TEST(keep_order(order_of(3)));
        BOOST_TEST(store->installation_id() == id);
        restart();
        BOOST_TEST(loaded().sites.size() == sites);
        BOOST_TEST(journal.lines().size() == 2U);
    }

    std::string id;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_mounts, disk_fixture)

BOOST_AUTO_TEST_CASE(a_read_only_folder_is_read_all_the_same) {
    const auto all = an_earlier_life();
    store.reset();
    remount(true);
    start();
    check_it_is_remembered(all);
    check_it_says_so();
    remount(false);
    check_it_has_recovered(11);
}

BOOST_AUTO_TEST_CASE(a_read_only_folder_without_a_file) {
    remount(true);
    start();
    const auto all = wait_for(store->load());
    BOOST_REQUIRE(!all.has_value());
    BOOST_TEST((all.error().code == errc::memory_unusable));
    id = store->installation_id();
    check_it_says_so();
    remount(false);
    check_it_has_recovered(1);
}

BOOST_AUTO_TEST_CASE(a_damaged_file_in_a_read_only_folder) {
    std::ofstream(file) << std::string(5'000, 'x');
    remount(true);
    start();
    BOOST_TEST(!wait_for(store->load()).has_value());
    id = store->installation_id();
    check_it_says_so();
    remount(false);
    BOOST_TEST(works_again());
    BOOST_TEST(keep_order(order_of(3)));
    BOOST_TEST(lines_with("is damaged") == 1U);
}

BOOST_AUTO_TEST_CASE(a_full_disk_at_the_start_is_read_all_the_same) {
    const auto all = an_earlier_life();
    store.reset();
    fill();
    start();
    check_it_is_remembered(all);
    check_it_says_so();
    make_room();
    check_it_has_recovered(11);
}

BOOST_AUTO_TEST_CASE(a_full_disk_after_a_kill_is_read_all_the_same) {
    const auto all = an_earlier_life();
    // A copy of what is there now is what a kill leaves.
    std::filesystem::create_directory(folder.path() / "copy");
    for (const char* suffix : {"", "-wal"})
        std::filesystem::copy_file(file.string() + suffix,
                                   folder.path() / "copy" / (std::string("state.db") + suffix));
    store.reset();
    for (const char* suffix : {"", "-wal"})
        std::filesystem::copy_file(folder.path() / "copy" / (std::string("state.db") + suffix),
                                   file.string() + suffix, std::filesystem::copy_options::overwrite_existing);
    fill();
    start();
    check_it_is_remembered(all);
    check_it_says_so();
    make_room();
    check_it_has_recovered(11);
}

BOOST_AUTO_TEST_CASE(a_disk_that_fills_while_in_use) {
    std::ignore = an_earlier_life();
    fill();
    std::size_t kept = 0;
    while (kept < 10'000 && keep_order(order_of(1'000 + kept))) // what room the log has left
        ++kept;
    check_it_says_so();
    make_room();
    check_it_has_recovered(11);
    BOOST_TEST(ask("SELECT count(*) FROM orders WHERE id >= 1000") == std::to_string(kept));
}

BOOST_AUTO_TEST_CASE(a_disk_too_small_for_a_new_file) {
    fill();
    start();
    BOOST_TEST(!wait_for(store->load()).has_value());
    id = store->installation_id();
    check_it_says_so();
    make_room();
    check_it_has_recovered(1);
}

BOOST_AUTO_TEST_SUITE_END()
