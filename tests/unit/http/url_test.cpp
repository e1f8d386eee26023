#include "adapters/http/client.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting::http;

BOOST_AUTO_TEST_SUITE(http_url)

BOOST_AUTO_TEST_CASE(urls_are_split) {
    struct row {
        const char* text;
        bool tls;
        const char* host;
        unsigned port;
        const char* path;
        const char* authority;
    };
    for (const row& each : {
             row{"https://abc.supabase.co", true, "abc.supabase.co", 443, "/", "abc.supabase.co"},
             row{" HTTPS://ABC.Supabase.co/ \n", true, "abc.supabase.co", 443, "/", "abc.supabase.co"},
             row{"http://127.0.0.1:54321/", false, "127.0.0.1", 54321, "/", "127.0.0.1:54321"},
             row{"http://h:80/a/b//", false, "h", 80, "/a/b", "h"},
             row{"https://h:80/matomo/index.php", true, "h", 80, "/matomo/index.php", "h:80"},
             row{"https://[2001:DB8::1]/x", true, "2001:db8::1", 443, "/x", "[2001:db8::1]"},
             row{"http://[::1]:8080", false, "::1", 8080, "/", "[::1]:8080"},
         }) {
        auto got = parse_url(each.text);
        BOOST_TEST_CONTEXT(each.text) {
            BOOST_REQUIRE(got);
            BOOST_TEST(got->tls == each.tls);
            BOOST_TEST(got->host == each.host);
            BOOST_TEST(got->port == each.port);
            BOOST_TEST(got->path == each.path);
            BOOST_TEST(got->authority() == each.authority);
        }
    }
}

BOOST_AUTO_TEST_CASE(an_address_holds_nothing_behind_a_nul) {
    BOOST_TEST(!parse_url(std::string("http://[::1\0\r\nX: y]/", 20)));
    BOOST_TEST(!parse_url(std::string("http://[::1\0]/", 14)));
}

BOOST_AUTO_TEST_CASE(what_is_no_url_is_refused_with_a_sentence) {
    for (const char* text : {"",
                             "   ",
                             "abc.supabase.co",
                             "ftp://h",
                             "http://",
                             "https:///x",
                             "http://:80",
                             "http://u:p@h",
                             "http://h:",
                             "http://h:0",
                             "http://h:65536",
                             "http://h:80x",
                             "http://h:-1",
                             "http://[::1",
                             "http://[zz]",
                             "http://[fe80::1%eth0]",
                             "http://[::1]x",
                             "http://h/?a=1",
                             "http://h?a",
                             "http://h/#x",
                             "http://h /x",
                             "http://h/a b",
                             "http://h/\xc3\xa4",
                             "http://m\xc3\xbcller.example",
                             "http://h\r\nX: y"}) {
        BOOST_TEST_CONTEXT(text) {
            auto got = parse_url(text);
            BOOST_REQUIRE(!got);
            BOOST_TEST(got.error().detail.starts_with("the URL "));
        }
    }
}

BOOST_AUTO_TEST_CASE(all_but_unreserved_characters_are_encoded) {
    BOOST_TEST(percent_encode("aZ09-._~") == "aZ09-._~");
    BOOST_TEST(percent_encode("a+b c&d=e/f,g") == "a%2Bb%20c%26d%3De%2Ff%2Cg");
    BOOST_TEST(percent_encode(std::string_view("\xc3\xbc\0%", 4)) == "%C3%BC%00%25");
}

BOOST_AUTO_TEST_SUITE_END()
