#include "daemon/endpoint/routes.hpp"

#include <boost/test/unit_test.hpp>

using hosting::endpoint::question;
using hosting::endpoint::route_of;

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(paths_ask_questions) {
    BOOST_TEST((route_of("GET", "/").asked == question::status));
    BOOST_TEST((route_of("GET", "/health").asked == question::status));
    BOOST_TEST((route_of("GET", "/livez?x=1").asked == question::alive));
    BOOST_TEST((route_of("GET", "/readyz").asked == question::ready));
    BOOST_TEST((route_of("GET", "/metrics").asked == question::metrics));
    BOOST_TEST((route_of("POST", "/process").asked == question::process));
    for (const auto* target :
         {"", "/health/", "/processes", "/proces", "//", "*", "http://x/", "/%6civez", "?/livez"})
        BOOST_TEST(!route_of("GET", target).asked.has_value(), target);
}

BOOST_AUTO_TEST_CASE(methods_fit_or_do_not) {
    BOOST_TEST(route_of("GET", "/livez").method_fits);
    BOOST_TEST(route_of("HEAD", "/livez").method_fits);
    BOOST_TEST(route_of("POST", "/process").method_fits);
    for (const auto* method : {"POST", "OPTIONS", "get", "DELETE", ""}) {
        BOOST_TEST(!route_of(method, "/livez").method_fits);
        BOOST_TEST(route_of(method, "/livez").methods == "GET, HEAD");
    }
    BOOST_TEST(!route_of("GET", "/process").method_fits);
    BOOST_TEST(!route_of("HEAD", "/process").method_fits);
    BOOST_TEST(route_of("GET", "/process").methods == "POST");
}

BOOST_AUTO_TEST_CASE(verbose_is_a_parameter) {
    for (const auto* target :
         {"/readyz?verbose", "/readyz?verbose=1", "/readyz?a=b&verbose", "/readyz?verbose&"})
        BOOST_TEST(route_of("GET", target).verbose, target);
    for (const auto* target : {"/readyz", "/readyz?", "/readyz?verboser", "/readyz?a=verbose", "/readyz?&&"})
        BOOST_TEST(!route_of("GET", target).verbose, target);
}

BOOST_AUTO_TEST_SUITE_END()
