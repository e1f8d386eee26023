#include "adapters/matomo/requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::matomo;

BOOST_AUTO_TEST_SUITE(matomo_requests)

BOOST_AUTO_TEST_CASE(base_urls_of_every_form_lead_to_index_php) {
    for (const char* url : {"https://m.example", "https://m.example/", "https://m.example/index.php",
                            " https://m.example/index.php "})
        BOOST_TEST(api_url(url).value().path == "/index.php");
    for (const char* url : {"https://m.example/a/matomo", "https://m.example/a/matomo/",
                            "https://m.example/a/matomo/index.php"})
        BOOST_TEST(api_url(url).value().path == "/a/matomo/index.php");
    auto wrong = api_url("matomo.example");
    BOOST_REQUIRE(!wrong);
    BOOST_TEST((wrong.error().code == errc::matomo_not_configured));
}

BOOST_AUTO_TEST_CASE(the_token_goes_in_the_body_alone) {
    target at;
    at.api = api_url("https://m.example/matomo").value();
    at.token = secret("to&ken");
    for (const auto& each : {super_user_request(at), site_ids_request(at, "a.example"),
                             site_urls_request(at, 5), named_sites_request(at, "a.example", 5),
                             add_site_request(at, "a.example"), update_site_request(at, 5, "a.example")}) {
        BOOST_TEST(each.method == "POST");
        BOOST_TEST(each.target.starts_with("/matomo/index.php?module=API&format=json&method="));
        BOOST_TEST(each.target.find("to") == each.target.rfind("to")); // that of "matomo"
        BOOST_TEST(each.body.ends_with("token_auth=to%26ken"));
        for (const auto& [name, value] : each.headers)
            BOOST_TEST(value.find("ken") == value.npos);
    }
}

BOOST_AUTO_TEST_CASE(parameters_are_encoded_and_only_add_site_is_not_repeatable) {
    target at;
    at.api = api_url("https://m.example").value();
    auto add = add_site_request(at, "a.example");
    BOOST_TEST(add.target.ends_with("&method=SitesManager.addSite"));
    BOOST_TEST(add.body == "siteName=a.example&urls[0]=https%3A%2F%2Fa.example&token_auth=");
    BOOST_TEST(!add.repeatable);
    BOOST_TEST(site_ids_request(at, "a").repeatable);
    BOOST_TEST(site_ids_request(at, "a&b").body == "url=https%3A%2F%2Fa%26b&token_auth=");
    BOOST_TEST(named_sites_request(at, "a&b", 5).body == "pattern=a%26b&filter_limit=5&token_auth=");
    BOOST_TEST(update_site_request(at, 5, "a").body == "idSite=5&urls[0]=https%3A%2F%2Fa&token_auth=");
}

BOOST_AUTO_TEST_SUITE_END()
