#include "daemon/endpoint/listen_address.hpp"

#include <boost/test/unit_test.hpp>

using hosting::endpoint::parse_listen_address;
using hosting::endpoint::to_text;

BOOST_AUTO_TEST_SUITE(listen_address)

BOOST_AUTO_TEST_CASE(addresses_are_read_and_written) {
    for (const std::string text : {"127.0.0.1:8001", "0.0.0.0:1", "[::1]:8001", "[::]:65535"})
        BOOST_TEST(to_text(parse_listen_address(text).value()) == text);
    BOOST_TEST(to_text(parse_listen_address("localhost:80").value()) == "127.0.0.1:80");
}

BOOST_AUTO_TEST_CASE(nothing_else_is_one) {
    for (const std::string text : {"", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                                   "::1:80", "[127.0.0.1]:80", "[::1:80", "host.example:80", "127.0.0.1:80x"})
        BOOST_TEST(!parse_listen_address(text).has_value(), text);
}

BOOST_AUTO_TEST_SUITE_END()
