#include "adapters/http/message.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting::http;
using state = response_reader::state;

namespace {

// Cut into pieces of every size, the same answer must be read.
void reads_in_pieces(const std::string& bytes, const std::string& body, bool reusable) {
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        response_reader reader(1000);
        auto now = state::more;
        for (std::size_t at = 0; at < bytes.size() && now == state::more; at += size)
            now = reader.feed(std::string_view(bytes).substr(at, size));
        if (now == state::more) now = reader.end_of_stream();
        BOOST_TEST_CONTEXT("pieces of " << size) {
            BOOST_REQUIRE((now == state::complete));
            if (reusable) BOOST_TEST(reader.reusable());
            if (!reusable) BOOST_TEST(!reader.reusable());
            BOOST_TEST(reader.take().body == body);
        }
    }
}

std::string why_broken(const std::string& bytes, std::size_t limit = 1000) {
    response_reader reader(limit);
    auto now = reader.feed(bytes);
    if (now == state::more) now = reader.end_of_stream();
    BOOST_TEST((now == state::broken));
    return reader.why();
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_message)

BOOST_AUTO_TEST_CASE(answers_are_read_however_they_are_cut) {
    reads_in_pieces("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true);
    reads_in_pieces(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n", "hello",
        true);
    reads_in_pieces("HTTP/1.1 204 No Content\r\n\r\n", "", true);
    reads_in_pieces("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok",
                    true);
    reads_in_pieces("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "ok", false);
    reads_in_pieces("HTTP/1.0 200 OK\r\n\r\nuntil the end", "until the end", false);
    reads_in_pieces("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "", true);
}

BOOST_AUTO_TEST_CASE(bytes_behind_an_answer_make_the_connection_useless) {
    response_reader reader(1000);
    BOOST_TEST((reader.feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n") ==
                state::complete));
    BOOST_TEST(!reader.reusable());
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_broken) {
    BOOST_TEST(why_broken("") == "the connection ended without an answer");
    BOOST_TEST(why_broken("SSH-2.0-OpenSSH_9.2\r\n\r\n").starts_with("the answer is not HTTP"));
    BOOST_TEST(why_broken("HTTP/1.1 200 OK\r\nContent-Le") == "the answer was cut off");
    BOOST_TEST(why_broken("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") == "the answer was cut off");
    BOOST_TEST(why_broken("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal") ==
               "the answer was cut off");
    BOOST_TEST(why_broken("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n", 10) ==
               "the answer is larger than 10 bytes");
    BOOST_TEST(why_broken("HTTP/1.1 200 OK\r\n\r\n" + std::string(11, 'x'), 10) ==
               "the answer is larger than 10 bytes");
    why_broken("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(requests_are_written_and_cannot_be_split) {
    request what;
    what.where = *parse_url("https://h:8443/");
    what.target = "/a?b=c";
    BOOST_TEST(to_wire(what, "me").value() == "GET /a?b=c HTTP/1.1\r\nHost: h:8443\r\nUser-Agent: me\r\n"
                                              "Accept-Encoding: identity\r\n\r\n");
    what.method = "POST";
    BOOST_TEST(to_wire(what, "me").value().ends_with("\r\nContent-Length: 0\r\n\r\n"));
    for (const char* target : {"/a b", "/a\r\nX: y", "/a\n"}) {
        what.target = target;
        BOOST_TEST(!to_wire(what, "me"));
    }
    what.target = "/";
    what.headers.emplace_back("apikey", "a\nb");
    BOOST_TEST(!to_wire(what, "me"));
}

BOOST_AUTO_TEST_SUITE_END()
