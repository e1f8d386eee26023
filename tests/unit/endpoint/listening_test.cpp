// Where the endpoint listens, and what it does when it cannot.
#include "server_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using boost::asio::ip::tcp;

BOOST_FIXTURE_TEST_SUITE(endpoint_listening, server_fixture)

BOOST_AUTO_TEST_CASE(nowhere_when_there_is_no_address) {
    start("");
    stop();
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_a_warning) {
    start("hub.example:80");
    wait_until([&] { return !journal.lines().empty(); });
    stop();
    BOOST_TEST(journal.lines().size() == 1U);
    BOOST_TEST(count("warning the HTTP endpoint is off") == 1U);
}

BOOST_AUTO_TEST_CASE(on_ipv6) {
    start("[::1]:0");
    BOOST_TEST(address().address().is_v6());
    raw_client client(address());
    BOOST_TEST(client.ask(livez).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_taken_port_is_one_warning_and_tried_again) {
    bounds.listen_again = 5ms;
    boost::asio::io_context context;
    std::optional<tcp::acceptor> other;
    other.emplace(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    const auto taken = other->local_endpoint();
    start(hosting::endpoint::to_text(taken));
    constexpr std::string_view warning = "warning the HTTP endpoint cannot listen on 127.0.0.1:";
    wait_until([&] { return count(warning) == 1; });
    other.reset();
    BOOST_TEST(address() == taken);
    BOOST_TEST(raw_client(taken).ask(livez).status == 200U);
    BOOST_TEST(count(warning) == 1U);
    BOOST_TEST(count("info the HTTP endpoint listens on ") == 1U);
}

BOOST_AUTO_TEST_CASE(stopping_does_not_wait_for_a_taken_port) {
    boost::asio::io_context context;
    const tcp::acceptor other(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
    start(hosting::endpoint::to_text(other.local_endpoint()));
    wait_until([&] { return count("warning ") == 1; });
    const auto before = std::chrono::steady_clock::now();
    stop();
    BOOST_TEST((std::chrono::steady_clock::now() - before < 10s));
}

BOOST_AUTO_TEST_CASE(it_may_be_stopped_before_it_listens) {
    for (int i = 0; i < 50; ++i) {
        start();
        stop();
    }
}

BOOST_AUTO_TEST_SUITE_END()
