#include "daemon/state_folder.hpp"

#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>
#include <unistd.h>

using namespace hosting;

BOOST_AUTO_TEST_SUITE(state_folders)

BOOST_AUTO_TEST_CASE(who_holds_it_can_be_seen_without_taking_it) {
    const test::temporary_folder place;
    const auto folder = place.path() / "state";
    BOOST_TEST(!holder_of(folder).has_value());
    {
        const state_folder held(folder);
        BOOST_TEST((held.what() == state_folder::kind::held));
        BOOST_TEST(holder_of(folder).value_or("nobody") == "process " + std::to_string(::getpid()));
    }
    // The file and its number stay.
    BOOST_TEST(!holder_of(folder).has_value());
    const state_folder again(folder);
    BOOST_TEST((again.what() == state_folder::kind::held));
}

BOOST_AUTO_TEST_SUITE_END()
