#define BOOST_TEST_MODULE hosting_automator
#include <boost/test/unit_test.hpp>
