// Clients that are slow, many, or rude.
#include "server_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <list>

using namespace std::chrono_literals;

namespace {

constexpr std::string_view begun = "GET /livez HTTP/1.1\r\n";

} // namespace

BOOST_FIXTURE_TEST_SUITE(endpoint_connections, server_fixture)

BOOST_AUTO_TEST_CASE(a_connection_is_kept) {
    start();
    raw_client client(address());
    for (int i = 0; i < 100; ++i)
        BOOST_TEST(client.ask(livez).status == 200U);
}

BOOST_AUTO_TEST_CASE(requests_at_once_are_answered_in_their_order) {
    start();
    raw_client client(address());
    std::string all;
    for (int i = 0; i < 200; ++i)
        all += i % 2 == 0 ? std::string(livez) : "GET /metrics HTTP/1.1\r\n\r\n";
    client.send(all);
    for (int i = 0; i < 200; ++i)
        BOOST_TEST(client.read_answer().body == (i % 2 == 0 ? "ok\n" : "hosting_sites 1\n"));
}

BOOST_AUTO_TEST_CASE(who_closes_is_closed) {
    start();
    raw_client client(address());
    client.send("GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.read_all().ends_with("Connection: close\r\n\r\nok\n"));
}

BOOST_AUTO_TEST_CASE(whatever_is_broken_hears_it_and_is_closed) {
    start();
    const std::pair<std::string, unsigned> broken[]{
        {"hello\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nA: " + std::string(9'000, 'a') + "\r\n\r\n", 431},
        {"POST /process HTTP/1.1\r\nContent-Length: 16385\r\n\r\n", 413},
    };
    for (const auto& [bytes, status] : broken) {
        raw_client client(address());
        BOOST_TEST(client.ask(bytes).status == status);
        BOOST_TEST(client.read_all().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_body_of_ten_megabytes_is_refused_and_the_answer_seen) {
    start();
    const std::string body(10'000'000, 'x');
    raw_client client(address());
    client.send("POST /process HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n");
    client.send(body);
    BOOST_TEST(client.read_answer().status == 413U);
}

BOOST_AUTO_TEST_CASE(who_expects_to_continue_may) {
    start();
    raw_client client(address());
    client.send("POST /process HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    BOOST_TEST(client.read_answer().status == 100U);
    BOOST_TEST(client.ask("{}").status == 422U);
}

BOOST_AUTO_TEST_CASE(a_request_that_trickles_in_is_cut_off) {
    bounds.request = 200ms;
    start();
    const auto before = std::chrono::steady_clock::now();
    raw_client client(address());
    client.send(begun);
    std::string header = "A: ";
    while (!client.ended_within(10ms) && client.send(header))
        header = "a"; // each byte comes in good time
    const auto took = std::chrono::steady_clock::now() - before;
    BOOST_TEST((took >= 200ms && took < 10s));
}

BOOST_AUTO_TEST_CASE(a_later_request_must_not_be_slow_either) {
    bounds.request = 1s;
    start();
    raw_client client(address());
    BOOST_TEST(client.ask(livez).status == 200U);
    client.send(begun);
    BOOST_TEST(client.read_all().empty());
}

BOOST_AUTO_TEST_CASE(who_says_nothing_is_closed_without_a_word) {
    bounds.request = 100ms;
    start();
    raw_client client(address());
    BOOST_TEST(client.read_all().empty());
}

BOOST_AUTO_TEST_CASE(who_says_nothing_more_is_closed_without_a_word) {
    bounds.idle = 100ms;
    start();
    raw_client client(address());
    BOOST_TEST(client.ask(livez).status == 200U);
    BOOST_TEST(client.read_all().empty());
}

BOOST_AUTO_TEST_CASE(an_idle_client_may_wait_longer_than_a_request) {
    bounds.request = 1s;
    bounds.idle = 60s;
    start();
    raw_client client(address());
    BOOST_TEST(client.ask(livez).status == 200U);
    BOOST_TEST(!client.ended_within(1500ms));
    BOOST_TEST(client.ask(livez).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_is_cut_off) {
    constexpr std::size_t size = 64 * 1024 * 1024;
    metrics = [](const auto&) { return std::string(size, 'x'); };
    bounds.answer = 100ms;
    start();
    const auto where = address();
    const auto before = open_sockets();
    raw_client client(where);
    client.send("GET /metrics HTTP/1.1\r\n\r\n");
    client.wait_for_bytes();
    wait_until([&] { return open_sockets() == before + 1; }); // the server's end is gone
    BOOST_TEST(client.read_all().size() < size);
}

BOOST_AUTO_TEST_CASE(one_more_client_takes_the_place_of_the_longest_idle) {
    bounds.connections = 3;
    start();
    std::list<raw_client> idle;
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(idle.emplace_back(address()).ask(livez).status == 200U);
    raw_client another(address());
    BOOST_TEST(another.ask(livez).status == 200U);
    BOOST_TEST(idle.front().read_all().empty());
    idle.pop_front();
    for (auto& each : idle)
        BOOST_TEST(each.ask(livez).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_probe_gets_through_hundreds_of_connections) {
    bounds.connections = 8;
    start();
    const auto where = address();
    const auto before = open_sockets();
    std::list<raw_client> many;
    for (int i = 0; i < 300; ++i) {
        many.emplace_back(where).send(i % 3 == 0 ? "" : begun);
        if (i % 30 == 0) BOOST_TEST(raw_client(where).ask(livez).status == 200U);
    }
    BOOST_TEST(raw_client(where).ask(livez).status == 200U);
    wait_until([&] { return open_sockets() <= before + many.size() + bounds.connections; });
    many.clear();
    wait_until([&] { return open_sockets() == before; });
}

BOOST_AUTO_TEST_CASE(stopping_ends_all_connections) {
    start();
    raw_client idle(address());
    BOOST_TEST(idle.ask(livez).status == 200U);
    raw_client slow(address());
    slow.send(begun);
    const auto where = address();
    stop();
    BOOST_TEST(idle.read_all().empty());
    BOOST_TEST(slow.read_all().empty());
    BOOST_CHECK_THROW(raw_client{where}, boost::system::system_error);
}

BOOST_AUTO_TEST_SUITE_END()
