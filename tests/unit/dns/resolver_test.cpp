#include "adapters/dns/resolver.hpp"

#include "tiny_dns_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <future>
#include <thread>

using namespace hosting;
using namespace std::chrono_literals;
using kind = resolution::kind;

namespace {

struct resolver_fixture {
    tiny_dns_server server;
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.get_executor()};
    std::unique_ptr<resolver> names;
    std::thread one{[this] { loop.run(); }};
    std::thread two{[this] { loop.run(); }};

    resolver_fixture() { configure(32); }
    ~resolver_fixture() {
        work.reset();
        one.join();
        two.join();
    }

    void configure(std::size_t parallel, std::string servers = {}) {
        dns::settings with;
        with.parallel = parallel;
        with.servers = servers.empty() ? server.address() : std::move(servers);
        with.server_patience = 200ms;
        names = dns::make_resolver(loop.get_executor(), with);
    }

    std::future<resolution> start(const std::string& name, std::chrono::milliseconds limit = 5s) {
        auto running = names->resolve(name, limit);
        return boost::asio::co_spawn(loop, std::move(running), boost::asio::use_future);
    }
    resolution resolve(const std::string& name, std::chrono::milliseconds limit = 5s) {
        return start(name, limit).get();
    }
    // Until the server has been asked something.
    void wait_for_a_question() const {
        while (server.questions() == 0)
            std::this_thread::sleep_for(1ms);
    }
};

std::string text_of(const resolution& of) {
    std::string out;
    for (const auto& each : of.addresses)
        out += each.to_string() + ' ';
    return out;
}

std::size_t open_descriptors() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(dns_resolver, resolver_fixture)

BOOST_AUTO_TEST_CASE(names_are_found) {
    auto both = resolve("both.example");
    BOOST_TEST((both.what == kind::found));
    BOOST_TEST(both.addresses.size() == 2);
    auto one_family = resolve("v4.example");
    BOOST_TEST((one_family.what == kind::found));
    BOOST_TEST(text_of(one_family) == "192.0.2.1 ");
    BOOST_TEST(text_of(resolve("brokenv6.example")) == "192.0.2.1 ");
}

BOOST_AUTO_TEST_CASE(absence_is_told_from_no_answer) {
    BOOST_TEST((resolve("nx.example").what == kind::no_such_name));
    BOOST_TEST((resolve("empty.example").what == kind::no_such_name));
    BOOST_TEST((resolve("servfail.example").what == kind::no_answer));
    BOOST_TEST((resolve("refused.example").what == kind::no_answer));
    BOOST_TEST((resolve("halfbroken.example").what == kind::no_answer));
    BOOST_TEST((resolve("garbage.example", 1s).what == kind::no_answer));
}

BOOST_AUTO_TEST_CASE(a_silent_server_holds_nobody_beyond_the_deadline) {
    auto begun = std::chrono::steady_clock::now();
    auto got = resolve("silent.example", 150ms);
    BOOST_TEST((got.what == kind::no_answer));
    BOOST_TEST((std::chrono::steady_clock::now() - begun < 2s));
    BOOST_TEST((resolve("both.example").what == kind::found));
    BOOST_TEST((resolve("silent.example", 0ms).what == kind::no_answer));
}

BOOST_AUTO_TEST_CASE(one_silent_family_does_not_hold_the_other) {
    auto begun = std::chrono::steady_clock::now();
    BOOST_TEST(text_of(resolve("halfsilent.example", 10s)) == "192.0.2.1 ");
    BOOST_TEST((std::chrono::steady_clock::now() - begun < 3s));
}

BOOST_AUTO_TEST_CASE(the_next_server_is_asked_when_one_is_down) {
    configure(32, "127.0.0.1:1," + server.address());
    BOOST_TEST((resolve("both.example", 10s).what == kind::found));
}

BOOST_AUTO_TEST_CASE(addresses_need_no_server) {
    for (const char* address : {"192.0.2.7", "2001:db8::7", "::1"})
        BOOST_TEST(text_of(resolve(address)) == std::string(address) + ' ');
    BOOST_TEST(server.questions() == 0);
}

BOOST_AUTO_TEST_CASE(the_hosts_file_comes_first) {
    auto got = resolve("localhost");
    BOOST_TEST((got.what == kind::found));
    BOOST_TEST(got.addresses.front().is_loopback());
    BOOST_TEST(server.questions() == 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_name_is_none) {
    for (const std::string& name : {std::string(), std::string(300, 'a'), std::string("a\0b", 3)})
        BOOST_TEST((resolve(name).what == kind::no_such_name));
    BOOST_TEST((resolve(std::string(80, 'a') + ".example").what != kind::found));
    BOOST_TEST((resolve("a..example").what != kind::found));
}

BOOST_AUTO_TEST_CASE(many_at_a_time_are_bounded_and_all_answered) {
    configure(4);
    std::vector<std::future<resolution>> all;
    for (int i = 0; i < 200; ++i)
        all.push_back(start(i % 3 == 0 ? "nx.example" : "both.example", 20s));
    for (std::size_t i = 0; i < all.size(); ++i)
        BOOST_TEST((all[i].get().what == (i % 3 == 0 ? kind::no_such_name : kind::found)));
}

BOOST_AUTO_TEST_CASE(waiting_for_a_place_counts) {
    configure(1);
    auto first = start("silent.example", 1500ms);
    wait_for_a_question();
    auto second = resolve("both.example", 100ms);
    BOOST_TEST((second.what == kind::no_answer));
    BOOST_TEST((first.get().what == kind::no_answer));
    BOOST_TEST((resolve("both.example").what == kind::found));
}

BOOST_AUTO_TEST_CASE(no_descriptor_is_left) {
    resolve("both.example");
    auto before = open_descriptors();
    for (const char* name :
         {"both.example", "nx.example", "servfail.example", "silent.example", "garbage.example"})
        resolve(name, 300ms);
    BOOST_TEST(open_descriptors() == before);
}

BOOST_AUTO_TEST_CASE(the_resolver_may_go_before_its_look_ups) {
    auto running = start("silent.example", 300ms);
    wait_for_a_question();
    names.reset();
    BOOST_TEST((running.get().what == kind::no_answer));
}

BOOST_AUTO_TEST_CASE(the_loop_may_be_destroyed_in_the_middle) {
    boost::asio::io_context other;
    dns::settings with;
    with.servers = server.address();
    auto own = dns::make_resolver(other.get_executor(), with);
    auto running = own->resolve("silent.example", 60s);
    auto never = boost::asio::co_spawn(other, std::move(running), boost::asio::use_future);
    other.run_for(100ms);
}

BOOST_AUTO_TEST_SUITE_END()
