#include "daemon/endpoint/message.hpp"

#include <boost/test/unit_test.hpp>

using hosting::endpoint::answer;
using hosting::endpoint::request_reader;
using state = request_reader::state;

namespace {

struct reader_fixture {
    request_reader reader{200, 100};

    state feed_by(std::size_t piece, std::string_view bytes) {
        auto end = state::more;
        for (; !bytes.empty() && end == state::more; bytes.remove_prefix(std::min(piece, bytes.size())))
            end = reader.feed(bytes.substr(0, piece));
        return end;
    }

    unsigned complaint(std::string_view bytes) {
        BOOST_REQUIRE((reader.feed(bytes) == state::broken));
        return reader.complaint().status;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(messages, reader_fixture)

BOOST_AUTO_TEST_CASE(a_request_however_it_is_cut) {
    for (const std::size_t piece : {1, 2, 7, 1000}) {
        BOOST_REQUIRE((feed_by(piece, "POST /process?a=1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc") ==
                       state::complete));
        BOOST_TEST(reader.keep_alive());
        const auto got = reader.take();
        BOOST_TEST(got.method == "POST");
        BOOST_TEST(got.target == "/process?a=1");
        BOOST_TEST(got.body == "abc");
        BOOST_TEST(!reader.begun());
    }
}

BOOST_AUTO_TEST_CASE(requests_one_behind_the_other) {
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
    auto read = reader.feed(all);
    for (int i = 0; i < 50; ++i) {
        BOOST_REQUIRE((read == state::complete));
        BOOST_TEST(reader.take().target == "/" + std::to_string(i));
        read = reader.feed({});
    }
    BOOST_TEST((read == state::more));
    BOOST_TEST(!reader.begun());
}

BOOST_AUTO_TEST_CASE(whether_the_connection_goes_on) {
    const auto keeps = [&](std::string_view bytes) {
        BOOST_REQUIRE((reader.feed(bytes) == state::complete));
        const bool out = reader.keep_alive();
        (void)reader.take();
        return out;
    };
    BOOST_TEST(keeps("GET / HTTP/1.1\r\n\r\n"));
    BOOST_TEST(!keeps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
    BOOST_TEST(!keeps("GET / HTTP/1.0\r\n\r\n"));
    BOOST_TEST(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(chunked_bodies_are_read_and_limited) {
    constexpr std::string_view head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    BOOST_REQUIRE((feed_by(1, std::string(head) + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") == state::complete));
    BOOST_TEST(reader.take().body == "abcde");
    const std::string ten = "a\r\n0123456789\r\n";
    std::string all(head);
    for (int i = 0; i < 11; ++i)
        all += ten;
    BOOST_TEST(complaint(all) == 413U);
}

BOOST_AUTO_TEST_CASE(an_empty_chunked_body_in_pieces) {
    BOOST_REQUIRE(
        (feed_by(1, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == state::complete));
    BOOST_TEST(reader.take().body.empty());
}

BOOST_AUTO_TEST_CASE(a_body_that_is_too_large_is_refused_before_it_comes) {
    BOOST_TEST(complaint("POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n") == 413U);
}

BOOST_AUTO_TEST_CASE(a_header_that_is_too_large_is_refused) {
    BOOST_TEST(complaint("GET / HTTP/1.1\r\nA: " + std::string(300, 'a') + "\r\n\r\n") == 431U);
}

BOOST_AUTO_TEST_CASE(a_header_without_end_is_refused) {
    BOOST_TEST(complaint("GET /" + std::string(300, 'a')) == 431U);
}

BOOST_AUTO_TEST_CASE(a_chunk_extension_without_end_is_refused) {
    BOOST_TEST((reader.feed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") == state::more));
    BOOST_TEST((feed_by(50, "1;" + std::string(10'000, 'a')) == state::broken));
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_refused) {
    for (const std::string bytes :
         {"\x16\x03\x01\x02", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\nbroken\r\n\r\n"}) {
        request_reader one(200, 100);
        BOOST_TEST((one.feed(bytes) == state::broken), bytes);
        BOOST_TEST(one.complaint().status == 400U);
    }
}

BOOST_AUTO_TEST_CASE(who_waits_for_continue_is_told_once) {
    BOOST_TEST(
        (reader.feed("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n") == state::more));
    BOOST_TEST(reader.wants_continue());
    BOOST_TEST(!reader.wants_continue());
    BOOST_TEST((reader.feed("x") == state::complete));
    (void)reader.take();
    BOOST_TEST((reader.feed("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n") == state::more));
    BOOST_TEST(!reader.wants_continue());
}

BOOST_AUTO_TEST_CASE(an_answer_over_the_wire) {
    const answer said{405, "no\n", "text/plain", "POST"};
    const std::string head =
        "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nAllow: POST\r\n";
    BOOST_TEST(to_wire(said, true, true) == head + "Connection: keep-alive\r\n\r\nno\n");
    BOOST_TEST(to_wire(said, false, false) == head + "Connection: close\r\n\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
