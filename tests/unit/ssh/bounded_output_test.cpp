#include "adapters/ssh/bounded_output.hpp"

#include <boost/test/unit_test.hpp>

using hosting::ssh::bounded_output;

BOOST_AUTO_TEST_SUITE(bounded_outputs)

BOOST_AUTO_TEST_CASE(what_fits_is_kept_as_it_is) {
    bounded_output o(10);
    BOOST_TEST(o.text() == "");
    o.append("12345");
    o.append("");
    o.append("67890");
    BOOST_TEST(o.text() == "1234567890");
    BOOST_TEST(o.total_bytes() == 10u);
}

BOOST_AUTO_TEST_CASE(the_middle_is_left_out_and_counted) {
    bounded_output o(10);
    o.append("abcdefghijklmnopqrstuvwxyz");
    BOOST_TEST(o.text() == "abcde\n[... 16 bytes left out ...]\nvwxyz");
    BOOST_TEST(o.total_bytes() == 26u);
}

BOOST_AUTO_TEST_CASE(pieces_of_any_size_give_the_same) {
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text.push_back(static_cast<char>('a' + i % 26));
    for (const std::size_t limit : {0u, 2u, 7u, 100u, 2999u, 3000u, 5000u}) {
        bounded_output whole(limit);
        whole.append(text);
        for (const std::size_t piece : {1u, 2u, 3u, 17u, 64u, 1000u}) {
            bounded_output o(limit);
            for (std::size_t at = 0; at < text.size(); at += piece)
                o.append(std::string_view(text).substr(at, piece));
            BOOST_TEST(o.text() == whole.text());
            BOOST_TEST(o.total_bytes() == 3000u);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
