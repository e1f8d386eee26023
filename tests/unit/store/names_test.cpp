#include "adapters/records/names.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace hosting;
using namespace hosting::records;

namespace {

template<class Enum>
void check_that_every_one_has_its_name() {
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < count_of<Enum>; ++i) {
        const auto value = static_cast<Enum>(i);
        BOOST_TEST(name_of(value) != "?");
        BOOST_TEST(seen.insert(name_of(value)).second);
        BOOST_TEST((named<Enum>(name_of(value)) == value));
    }
    BOOST_TEST(name_of(static_cast<Enum>(count_of<Enum>)) == "?");
}

} // namespace

BOOST_AUTO_TEST_SUITE(store_names)

BOOST_AUTO_TEST_CASE(every_value_has_a_name_of_its_own) {
    check_that_every_one_has_its_name<errc>();
    check_that_every_one_has_its_name<stage>();
    check_that_every_one_has_its_name<outcome::kind>();
    check_that_every_one_has_its_name<order_end>();
}

BOOST_AUTO_TEST_CASE(strange_names_are_taken_for_the_careful_value) {
    for (const auto* name : {"", "?", "INTERNAL", "of_next_year"}) {
        BOOST_TEST((named<errc>(name) == errc::internal));
        BOOST_TEST((named<stage>(name) == stage::site));
        BOOST_TEST((named<order_end>(name) == order_end::unknown));
        BOOST_TEST((named<outcome::kind>(name) == std::nullopt));
    }
}

BOOST_AUTO_TEST_SUITE_END()
