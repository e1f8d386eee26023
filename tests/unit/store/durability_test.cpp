#include "tests/unit/store/disk.hpp"
#include "tests/unit/store/store_fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

// store_victim at work on a folder.
class victim {
public:
    explicit victim(const std::filesystem::path& state_dir) {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        std::string program = std::filesystem::canonical("/proc/self/exe").replace_filename("store_victim");
        std::string folder = state_dir.string();
        char* arguments[] = {program.data(), folder.data(), nullptr};
        const int error = ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environ);
        posix_spawn_file_actions_destroy(&actions);
        ::close(ends[1]);
        if (error != 0) throw std::runtime_error("cannot start " + program);
        said_ = ::fdopen(ends[0], "r");
    }
    ~victim() {
        kill();
        std::fclose(said_);
    }
    victim(const victim&) = delete;
    victim& operator=(const victim&) = delete;

    // The next order that it kept; 0: it is no more.
    std::uint64_t next() {
        unsigned long long id = 0;
        return std::fscanf(said_, "%llu", &id) == 1 ? id : 0;
    }
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

private:
    pid_t pid_ = 0;
    std::FILE* said_ = nullptr;
};

struct held_disk {
    held_disk() { disk::hold_syncs(); }
    ~held_disk() { disk::let_syncs_go(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_durability, store_fixture)

BOOST_AUTO_TEST_CASE(an_order_is_in_the_file_and_on_the_disk_when_keep_order_returns) {
    start();
    for (std::uint64_t id = 1; id <= 20; ++id) {
        store->keep(site_of(std::to_string(id)));
        BOOST_TEST(keep_order(order_of(id)));
        BOOST_TEST(!disk::has_unsynced_log());
        BOOST_TEST(ask("SELECT max(id) FROM orders") == std::to_string(id));
    }
}

BOOST_AUTO_TEST_CASE(orders_that_returned_survive_a_kill) {
    std::uint64_t kept = 0;
    for (int round = 0; round < 5; ++round) {
        victim other(state_dir);
        for (int i = 0; i < 7 + round; ++i) {
            const auto id = other.next();
            BOOST_REQUIRE(id > kept);
            kept = id;
        }
        other.kill();
        while (const auto id = other.next()) // it went on until then
            kept = id;
        BOOST_TEST(std::stoull(ask("SELECT max(id) FROM orders")) >= kept);
        BOOST_TEST(ask("SELECT max(id) = count(*) FROM orders") == "1");
        BOOST_TEST(ask("PRAGMA integrity_check") == "ok");
        kept = std::stoull(ask("SELECT max(id) FROM orders"));
    }
    start();
    BOOST_TEST(loaded().orders.size() == kept);
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(orders_that_wait_share_one_sync) {
    start();
    std::ignore = loaded();
    BOOST_TEST(keep_order(order_of(100))); // the log's first sync takes one more
    const auto before = disk::syncs();
    std::vector<std::future<result<memory::order_answer>>> kept;
    {
        const held_disk held;
        kept.push_back(begin(store->keep_order(order_of(1))));
        loop.restart();
        loop.poll();
        BOOST_REQUIRE(eventually(disk::is_a_sync_held));
        for (std::uint64_t id = 2; id <= 9; ++id)
            kept.push_back(begin(store->keep_order(order_of(id))));
        loop.poll();
        BOOST_TEST(
            std::ranges::none_of(kept, [](auto& k) { return k.wait_for(0s) == std::future_status::ready; }));
    }
    loop.run();
    for (auto& k : kept)
        BOOST_TEST(k.get().has_value());
    BOOST_TEST(disk::syncs() - before == 2U);
    BOOST_TEST(ask("SELECT count(*) FROM orders") == "10");
}

BOOST_AUTO_TEST_CASE(what_is_no_order_costs_no_sync) {
    start();
    std::ignore = loaded();
    const auto before = disk::syncs();
    for (int i = 0; i < 100; ++i) {
        store->keep(site_of(std::to_string(i)));
        store->end_order(order_of(static_cast<std::uint64_t>(i)));
    }
    flush();
    BOOST_TEST(disk::syncs() == before);
    BOOST_TEST(ask("SELECT count(*) FROM sites") == "100");
    BOOST_TEST(ask("SELECT count(*) FROM orders") == "100");
}

BOOST_AUTO_TEST_CASE(many_changes_of_few_keys_are_few_writes) {
    start({1h, 1s, 1s}); // nothing but flush() writes
    std::ignore = loaded();
    const auto before = disk::writes();
    for (unsigned n = 0; n < 10'000; ++n) {
        store->keep(site_of("one", n));
        store->keep(incident_of("place", n));
    }
    BOOST_TEST(disk::writes() == before);
    BOOST_TEST(ask("SELECT count(*) FROM sites") == "0");
    flush();
    BOOST_TEST(disk::writes() - before < 20U);
    BOOST_TEST(ask("SELECT snoozes FROM sites") == "9999");
    BOOST_TEST(ask("SELECT probes FROM incidents") == "9999");
}

BOOST_AUTO_TEST_CASE(many_keys_do_not_wait_for_their_time) {
    start({1h, 1s, 1s});
    std::ignore = loaded();
    for (int i = 0; i < 3'000; ++i)
        store->keep(site_of(std::to_string(i)));
    BOOST_TEST(eventually([&] { return std::stoul(ask("SELECT count(*) FROM sites")) >= 1'000; }));
}

BOOST_AUTO_TEST_CASE(the_last_one_of_a_key_is_written_also_while_an_earlier_is) {
    start({0ms, 1s, 1s});
    std::ignore = loaded();
    BOOST_TEST(keep_order(order_of(100)));
    {
        const held_disk held;
        store->keep(site_of("one", 1));
        auto kept = begin(store->keep_order(order_of(1)));
        loop.restart();
        loop.poll();
        BOOST_REQUIRE(eventually(disk::is_a_sync_held));
        store->keep(site_of("one", 2));
        store->keep(site_of("two", 2));
        store->forget_site("two");
    }
    restart();
    const auto all = loaded();
    BOOST_REQUIRE(all.sites.size() == 1U);
    BOOST_TEST(all.sites[0].progress.snoozes == 2U);
}

BOOST_AUTO_TEST_CASE(the_end_answers_whoever_waits) {
    start({1h, 1s, 1s});
    std::ignore = loaded();
    BOOST_TEST(keep_order(order_of(100)));
    std::vector<std::future<result<memory::order_answer>>> orders;
    std::future<void> flushed;
    {
        const held_disk held;
        orders.push_back(begin(store->keep_order(order_of(1))));
        loop.restart();
        loop.poll();
        BOOST_REQUIRE(eventually(disk::is_a_sync_held));
        orders.push_back(begin(store->keep_order(order_of(2))));
        flushed = begin(store->flush());
        loop.poll();
        store->keep(site_of("one"));
    }
    store.reset();
    loop.run();
    for (auto& o : orders)
        BOOST_TEST(o.get().has_value());
    flushed.get();
    BOOST_TEST(ask("SELECT count(*) FROM orders") == "3");
    BOOST_TEST(ask("SELECT count(*) FROM sites") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
