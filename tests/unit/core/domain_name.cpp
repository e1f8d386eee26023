#include "core/domain_name.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <utility>
#include <vector>

namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(domain_name)

using pair = std::pair<std::string, std::string>;

const std::vector<pair> good{
    {"example.com", "example.com"},
    {"  Example.COM\r\n", "example.com"},
    {"my-shop.com", "my-shop.com"},
    {"a.b.c.example.co.uk", "a.b.c.example.co.uk"},
    {"xn--mller-kva.example", "xn--mller-kva.example"},
    {"M\xC3\xBCller.example", "xn--mller-kva.example"},
    {"stra\xC3\x9F"
     "e.de",
     "xn--strae-oqa.de"}, // IDNA 2008 keeps the sharp s
    {"123.com", "123.com"},
    {std::string(63, 'a') + ".com", std::string(63, 'a') + ".com"},
};

BOOST_AUTO_TEST_CASE(good_names_get_their_one_form) {
    for (const auto& [raw, wanted] : good) {
        const auto name = hosting::normalise_domain(raw);
        BOOST_TEST_CONTEXT("domain " << raw) {
            BOOST_REQUIRE(name.has_value());
            BOOST_TEST(*name == wanted);
        }
    }
}

const std::vector<std::string> bad{
    "",
    "   ",
    "localhost",
    "x;touch /tmp/pwned.com",
    "$(reboot).com",
    "a'b.com",
    "a\"b.com",
    "a`id`.com",
    "a b.com",
    "a\nb.com",
    std::string("a\0b.com", 7),
    "-a.com",
    "a-.com",
    ".com",
    "a..com",
    "a.com.",
    "a_b.com",
    "*.example.com",
    "https://example.com",
    "example.com/path",
    "example.com:80",
    "1.2.3.4",
    "[::1]",
    "example.c",
    "example.c0m",
    "example.abcdefghijklmno",                // 15 letters
    "m\xC3\xBCller.xn--vermgensberatung-pwb", // a punycode top-level domain
    std::string(64, 'a') + ".com",
    std::string(63, 'a') + "." + std::string(63, 'b') + ".com", // 131 characters
    "bad\xFFutf8.com",
    "\xE2\x80\xAE"
    "example.com", // right-to-left override
    std::string(100'000, 'a') + ".com",
};

BOOST_DATA_TEST_CASE(bad_names_are_refused_for_good, data::make(bad), raw) {
    const auto name = hosting::normalise_domain(raw);
    BOOST_REQUIRE(!name.has_value());
    BOOST_TEST((name.error().code == hosting::errc::domain_invalid));
    BOOST_TEST(name.error().detail.find('\n') == std::string::npos);
    BOOST_TEST(name.error().detail.size() < 300U);
}

BOOST_AUTO_TEST_CASE(the_sentence_says_which_rule) {
    BOOST_TEST(hosting::normalise_domain("x;touch /tmp/pwned.com").error().detail ==
               "the domain 'x;touch /tmp/pwned.com' has a character that is no letter, digit or hyphen");
    BOOST_TEST(hosting::normalise_domain(" ").error().detail == "the domain '' is empty");
}

BOOST_AUTO_TEST_CASE(the_unicode_form_is_the_other_way_round) {
    BOOST_TEST(hosting::unicode_domain("xn--bcher-kva.de") == "b\xC3\xBC"
                                                              "cher.de");
    BOOST_TEST(hosting::unicode_domain("example.com") == "example.com");
    BOOST_TEST(hosting::unicode_domain("xn--a.com") == "xn--a.com"); // stands for nothing
}

BOOST_AUTO_TEST_SUITE_END()
