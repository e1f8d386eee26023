#include "core/registered_domain.hpp"

#include <boost/test/unit_test.hpp>
#include <utility>

BOOST_AUTO_TEST_SUITE(registered_domain)

const std::pair<const char*, const char*> rows[] = {
    {"example.com", "example.com"},
    {"www.example.com", "example.com"},
    {"a.b.c.example.com", "example.com"},
    {"www.example.co.uk", "example.co.uk"},
    {"example.co.uk", "example.co.uk"},
    {"shop.somebody.github.io", "somebody.github.io"},      // the list's private part counts
    {"www.city.kawasaki.jp", "city.kawasaki.jp"},           // an exception of a wildcard
    {"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"},               // the wildcard
    {"www.example.xn--55qx5d.cn", "example.xn--55qx5d.cn"}, // a suffix in punycode
    {"www.xn--mller-kva.de", "xn--mller-kva.de"},
    {"www.site.internal", "site.internal"}, // a suffix that is on no list
    {"co.uk", "co.uk"},                     // a suffix is its own
    {"github.io", "github.io"},
    {"com", "com"},
    {"", ""},
};

BOOST_AUTO_TEST_CASE(it_is_one_label_more_than_the_public_suffix) {
    for (const auto& [domain, wanted] : rows)
        BOOST_TEST(hosting::registered_domain(domain) == wanted, domain);
}

BOOST_AUTO_TEST_CASE(a_part_of_a_longer_text_is_read_to_its_end_alone) {
    BOOST_TEST(hosting::registered_domain(std::string_view("www.example.com.invalid").substr(0, 15)) ==
               "example.com");
}

BOOST_AUTO_TEST_SUITE_END()
