#include "adapters/store/reading.hpp"
#include "tests/unit/store/store_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <sys/stat.h>

using namespace hosting;
using namespace hosting::test;

namespace {

// Every file of a folder, with what would show that it was touched. Nothing is opened: that would drop
// SQLite's locks, which are the process's. The reader and the writer are one process here, and so share what
// is mapped.
std::map<std::string, std::string> files_of(const std::filesystem::path& folder) {
    std::map<std::string, std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        struct stat facts {};
        ::stat(entry.path().c_str(), &facts);
        const bool mapped = entry.path().string().ends_with("-shm");
        all[entry.path().filename()] = std::to_string(facts.st_ino) + ' ' + std::to_string(facts.st_size) +
                                       ' ' + (mapped ? "" : std::to_string(facts.st_mtim.tv_sec)) + '.' +
                                       (mapped ? "" : std::to_string(facts.st_mtim.tv_nsec));
    }
    return all;
}

struct reading_fixture : store_fixture {
    memories seen() const {
        const auto files = files_of(state_dir);
        auto read = read_store(state_dir);
        BOOST_TEST((files_of(state_dir) == files));
        BOOST_REQUIRE(read.has_value());
        BOOST_REQUIRE(read->has_value());
        return **read;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_reading, reading_fixture)

BOOST_AUTO_TEST_CASE(where_nothing_is_nothing_is_made) {
    for (const auto& folder : {state_dir, state_dir / "deeper"}) {
        const auto read = read_store(folder);
        BOOST_REQUIRE(read.has_value());
        BOOST_TEST(!read->has_value());
    }
    BOOST_TEST(std::filesystem::is_empty(state_dir));
}

BOOST_AUTO_TEST_CASE(it_is_read_beside_its_writer_without_a_trace) {
    start();
    (void)loaded();
    for (unsigned i = 1; i <= 3; ++i) {
        store->keep(site_of("one", i));
        flush();
        const auto known = seen();
        BOOST_REQUIRE(known.sites.size() == 1U);
        BOOST_TEST(known.sites[0].progress.snoozes == i);
    }
    BOOST_TEST(keep_order(order_of(7)));
    store->keep(incident_of("root@a:22"));
    flush();
    BOOST_TEST(seen().orders.size() == 1U);
    BOOST_TEST(seen().incidents.size() == 1U);
}

BOOST_AUTO_TEST_CASE(it_is_read_after_its_writer_has_gone) {
    start();
    (void)loaded();
    store->keep(site_of("one", 1));
    flush();
    store.reset();
    BOOST_TEST(!std::filesystem::exists(file.string() + "-wal"));
    BOOST_TEST(seen().sites.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_writer_that_was_killed_left_its_log) {
    start();
    (void)loaded();
    store->keep(site_of("one", 1));
    flush();
    const auto copy = folder.path() / "copy"; // as the kill left it: nobody holds this one
    std::filesystem::create_directory(copy);
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::copy_file(file.string() + suffix, (copy / "state.db").string() + suffix);
    const auto files = files_of(copy);
    const auto read = read_store(copy);
    BOOST_REQUIRE((read && *read));
    BOOST_TEST((*read)->sites.size() == 1U);
    BOOST_TEST((files_of(copy) == files));
}

BOOST_AUTO_TEST_CASE(what_is_no_memory_of_ours_is_said_and_left_as_it_is) {
    write_file(file, std::string(2'000, 'x'));
    auto read = read_store(state_dir);
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST((read.error().code == errc::memory_unusable));
    BOOST_TEST(read.error().detail.starts_with("the memory in " + file.string() + " cannot be read: "));
    std::filesystem::remove(file);
    ask("PRAGMA user_version = 99; CREATE TABLE t (x)");
    read = read_store(state_dir);
    BOOST_REQUIRE(!read.has_value());
    BOOST_TEST(read.error().detail.ends_with("it was written by a newer version of this program"));
}

BOOST_AUTO_TEST_SUITE_END()
