#include "adapters/cloudpanel/random_text.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cctype>
#include <map>
#include <set>

BOOST_AUTO_TEST_SUITE(random_texts)

BOOST_AUTO_TEST_CASE(a_password_is_24_letters_and_digits_and_never_the_same) {
    std::set<std::string> seen;
    for (int i = 0; i < 1'000; ++i) {
        const auto password = hosting::cloudpanel::make_password();
        BOOST_TEST(password.reveal().size() == 24U);
        BOOST_TEST(
            std::ranges::all_of(password.reveal(), [](unsigned char c) { return std::isalnum(c) != 0; }));
        BOOST_TEST(seen.insert(password.reveal()).second);
    }
}

// 62,000 draws: each character is expected 1,000 times, with a standard deviation of 32.
BOOST_AUTO_TEST_CASE(all_characters_are_as_likely) {
    const auto text = hosting::cloudpanel::random_text(62'000);
    std::map<char, int> counts;
    for (const char c : text)
        ++counts[c];
    BOOST_TEST(counts.size() == 62U);
    for (const auto& [c, n] : counts)
        BOOST_TEST((n > 750 && n < 1'250));
}

BOOST_AUTO_TEST_SUITE_END()
