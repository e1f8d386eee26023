#include "core/message_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using hosting::errc;
using hosting::plain_text;
using hosting::utf8_text;

BOOST_AUTO_TEST_SUITE(message_text)

BOOST_AUTO_TEST_CASE(harmless_text_stays) {
    BOOST_TEST(plain_text("Stra\xC3\x9F"
                          "e 1",
                          50) == "Stra\xC3\x9F"
                                 "e 1");
}

BOOST_AUTO_TEST_CASE(it_becomes_one_line) {
    BOOST_TEST(plain_text(" a\r\n\tb \x01\x1b[31m c\n", 50) == "a b [31m c");
    BOOST_TEST(plain_text(std::string_view("a\0b", 3), 50) == "a b");
    BOOST_TEST(plain_text("a\xC2\x85"
                          "b",
                          50) == "a b"); // C1
}

BOOST_AUTO_TEST_CASE(what_is_no_utf8_becomes_a_question_mark) {
    BOOST_TEST(plain_text("a\xFF"
                          "b",
                          50) == "a?b");
    BOOST_TEST(plain_text("a\xC3", 50) == "a?");
    BOOST_TEST(plain_text("\xC0\x80", 50) == "??");           // overlong
    BOOST_TEST(plain_text("\xED\xA0\x80", 50) == "???");      // a surrogate
    BOOST_TEST(plain_text("\xF4\x90\x80\x80", 50) == "????"); // beyond U+10FFFF
    BOOST_TEST(plain_text("\xF0\x9F\x98\x80", 50) == "\xF0\x9F\x98\x80");
}

BOOST_AUTO_TEST_CASE(text_for_a_database_stays_but_for_what_is_none) {
    const std::string text = " a\r\n\t\x01 \xC2\x85\xEF\xBF\xBF\xF0\x9F\x98\x80 ";
    BOOST_TEST(utf8_text(text) == text);
    BOOST_TEST(utf8_text("").empty());
    BOOST_TEST(utf8_text(std::string_view("a\0\0b", 4)) == "a??b");
    BOOST_TEST(utf8_text("a\xFF\xC3") == "a??");
    BOOST_TEST(utf8_text("\xED\xA0\x80\xC0\x80") == "?????");
    BOOST_TEST(utf8_text(std::string(20'000, 'x')).size() == 20'000U);
}

BOOST_AUTO_TEST_CASE(it_is_cut_by_characters_not_bytes) {
    BOOST_TEST(plain_text("abcdef", 6) == "abcdef");
    BOOST_TEST(plain_text("abcdefg", 6) == "abc...");
    const std::string umlauts = "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4";
    BOOST_TEST(plain_text(umlauts, 7) == umlauts);
    BOOST_TEST(plain_text(umlauts, 6) == "\xC3\xA4\xC3\xA4\xC3\xA4...");
    BOOST_TEST(plain_text("abc", 0) == "");
}

std::size_t characters(const std::string& text) {
    std::size_t n = 0;
    for (const char c : text)
        n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return n;
}

BOOST_AUTO_TEST_CASE(an_error_message_says_what_and_who) {
    BOOST_TEST(hosting::error_message({errc::cert_dns, "no A record"}) ==
               "E_CERT_DNS: no A record; the domain's DNS must point to the server");
}

BOOST_AUTO_TEST_CASE(an_error_message_has_at_most_500_characters_and_keeps_its_end) {
    std::string detail;
    for (int i = 0; i < 2'000; ++i)
        detail += "\xC3\xA4";
    const auto text = hosting::error_message({errc::cert_dns, detail});
    BOOST_TEST(characters(text) == 500U);
    BOOST_TEST(text.ends_with("; the domain's DNS must point to the server"));
}

BOOST_AUTO_TEST_CASE(a_waiting_message_says_until_when) {
    const auto when = std::chrono::system_clock::from_time_t(1'767'225'600); // 2026-01-01T00:00:00Z
    const auto text = hosting::waiting_message({errc::cert_dns, "no A record"}, when);
    BOOST_TEST(text == "WAITING E_CERT_DNS: no A record; next attempt at 2026-01-01T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(durations_are_as_coarse_as_speech) {
    BOOST_TEST(hosting::duration_text(10ms) == "10 ms");
    BOOST_TEST(hosting::duration_text(90s) == "90 s");
    BOOST_TEST(hosting::duration_text(12min + 30s) == "12 min");
    BOOST_TEST(hosting::duration_text(5h) == "5 h");
    BOOST_TEST(hosting::duration_text(72h) == "3 d");
}

BOOST_AUTO_TEST_SUITE_END()
