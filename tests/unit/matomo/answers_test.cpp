#include "adapters/matomo/answers.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::matomo;

namespace {

http::response answer(unsigned status, std::string body, std::string type = "application/json") {
    http::response out;
    out.status = status;
    out.content_type = std::move(type);
    out.body = std::move(body);
    return out;
}

const std::string page = "<!DOCTYPE html>\n<html>";
const std::string bad_token =
    R"({"result":"error","message":"Unable to authenticate with the provided token. It is either invalid or expired."})";

template<class T>
errc cause(const result<T>& got) {
    return got ? errc::internal : got.error().code;
}

// The same judgement, whatever was asked.
void all_fail(const http::response& what, errc code, const std::string& says) {
    BOOST_TEST_CONTEXT(what.status << ' ' << what.body) {
        BOOST_TEST((cause(read_site_ids(what)) == code));
        BOOST_TEST((cause(read_site_urls(what)) == code));
        BOOST_TEST((cause(read_added_site(what)) == code));
        BOOST_TEST((cause(read_super_user(what)) == code));
        BOOST_TEST((cause(read_named_sites(what)) == code));
        auto detail = read_added_site(what).error().detail;
        BOOST_TEST(detail.find(says) != detail.npos, detail);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(matomo_answers)

BOOST_AUTO_TEST_CASE(every_known_failure_is_judged_by_status_and_shape) {
    all_fail(answer(401, bad_token), errc::matomo_refused, "refuses the token (401)");
    all_fail(answer(401, page, "text/html"), errc::matomo_refused, "refuses the token");
    all_fail(
        answer(401, R"({"result":"error","message":"Vous ne pouvez acc\u00e9der \u00e0 cette ressource"})"),
        errc::matomo_refused,
        "acc\xc3\xa9"
        "der");
    // An address that the token may not come from.
    all_fail(answer(401, R"({"result":"error","message":"You cannot log in from this address"})"),
             errc::matomo_refused, "refuses the token");
    all_fail(answer(403, R"({"result":"error","message":"no"})"), errc::matomo_refused, "403");
    all_fail(answer(403, page, "text/html"), errc::matomo_unexpected, "no API there (403)");
    all_fail(answer(404, page, "text/html"), errc::matomo_unexpected, "no API there (404)");
    all_fail(answer(500, R"({"result":"error","message":"Too many failed logins."})"),
             errc::matomo_unreachable, "locked this address out (500) (it says: Too many failed logins.)");
    all_fail(answer(500, "<h2>Too many failed logins.</h2>", "text/html"), errc::matomo_unreachable,
             "locked this address out (500)");
    all_fail(answer(500, R"({"result":"error","message":"Database access denied"})"),
             errc::matomo_unreachable, "not available");
    all_fail(answer(500, R"({"result":"error","message":"SQLSTATE[HY000] [2002] Connection refused"})"),
             errc::matomo_unreachable, "not available");
    all_fail(answer(500, page, "text/html"), errc::matomo_unreachable, "500");
    all_fail(answer(502, "<html>", "text/html"), errc::matomo_unreachable, "502");
    all_fail(answer(504, "<html>", "text/html"), errc::matomo_unreachable, "504");
    all_fail(answer(503, page, "text/html"), errc::matomo_unreachable, "503");
    all_fail(answer(503, R"({"result":"error","message":"Database Upgrade Required."})"),
             errc::matomo_unreachable, "Upgrade");
    all_fail(answer(429, "", ""), errc::matomo_unreachable, "slow down");
    all_fail(answer(200, page, "text/html"), errc::matomo_unexpected, "shows a page");
    all_fail(answer(200, "", "application/json"), errc::matomo_unexpected, "shows a page");
    all_fail(answer(200, R"({"result":"error","message":"Please specify a value for 'url'."})"),
             errc::matomo_unexpected, "reports an error (it says: Please specify");
    // 4.x, with a token that is wrong or has no rights.
    all_fail(
        answer(
            200,
            R"({"result":"error","message":"You can't access this resource as it requires superuser access."})"),
        errc::matomo_unexpected, "reports an error (it says: You can't access");
    all_fail(answer(200, "Error: Renderer format 'jsonx' not valid.", "text/plain"), errc::matomo_unexpected,
             "shows a page");
    all_fail(answer(200, "<?xml version=\"1.0\"?>", "text/xml"), errc::matomo_unexpected, "shows a page");
    all_fail(answer(204, "", ""), errc::matomo_unexpected, "no API");
    for (const char* body :
         {"null", "5", "\"x\"", "true", "{}", R"({"value":"x"})", R"({"value":[]})", "[[]]", "[null]"})
        all_fail(answer(200, body), errc::matomo_unexpected, "in an unknown way");
    all_fail(answer(200, std::string(5000, '[')), errc::matomo_unexpected, "shows a page");
}

BOOST_AUTO_TEST_CASE(a_redirect_says_where_to_without_its_query) {
    auto moved = answer(302, "", "text/html");
    moved.location = "https://127.0.0.1/index.php?module=API&url=https://private.example";
    all_fail(moved, errc::matomo_unexpected, "redirects to https://127.0.0.1/index.php (302)");
    BOOST_TEST(read_added_site(moved).error().detail.find("private") == std::string::npos);

    auto without_slash = answer(301, "", "text/html");
    without_slash.location = "http://127.0.0.1/matomo/";
    all_fail(without_slash, errc::matomo_unexpected, "redirects to http://127.0.0.1/matomo/ (301)");
}

// What 4.x answers to a lookup with a wrong token, and 5.x to one with none: no list of sites proves a token.
BOOST_AUTO_TEST_CASE(an_empty_list_is_an_answer_to_a_lookup_alone) {
    const auto empty = answer(200, "[]");
    BOOST_TEST(read_site_ids(empty).value().empty());
    BOOST_TEST(read_named_sites(empty).value().empty());
    BOOST_TEST((cause(read_added_site(empty)) == errc::matomo_unexpected));
    BOOST_TEST((cause(read_super_user(empty)) == errc::matomo_unexpected));
}

BOOST_AUTO_TEST_CASE(successes_are_read_with_ids_as_numbers_or_text) {
    BOOST_TEST(read_site_ids(answer(200, "[]")).value().empty());
    auto ids = read_site_ids(answer(200, R"([{"idsite":12},{"idsite":"3"}])")).value();
    BOOST_REQUIRE(ids.size() == 2);
    BOOST_TEST(ids[0] == 3);
    BOOST_TEST(ids[1] == 12);
    for (const char* body : {R"([{"idsite":0}])", R"([{"idsite":-1}])", R"([{"idsite":"1x"}])",
                             R"([{"idsite":1.5}])", R"([{"id":1}])", R"([1])"})
        BOOST_TEST((cause(read_site_ids(answer(200, body))) == errc::matomo_unexpected), body);

    auto urls =
        read_site_urls(answer(200, R"(["https:\/\/two.example","http:\/\/www.two.example"])")).value();
    BOOST_REQUIRE(urls.size() == 2);
    BOOST_TEST(urls[0] == "https://two.example");
    BOOST_TEST(read_added_site(answer(200, R"({"value":7})")).value() == 7);
    BOOST_TEST(read_added_site(answer(200, R"({"value":"7"})")).value() == 7);
    BOOST_TEST(read_super_user(answer(200, R"({"value":true})")).value());
    BOOST_TEST(!read_super_user(answer(200, R"({"value":false})")).value());
    BOOST_TEST(read_super_user(answer(200, R"({"value":1})")).value());

    auto named = read_named_sites(answer(
        200,
        R"([{"idsite":21857,"name":"orphan.example","main_url":"","ts_created":"2026-11-22 21:04:48"},{"idsite":"9","name":"\u00fc","main_url":"https:\/\/x"}])"));
    BOOST_REQUIRE(named.value().size() == 2);
    BOOST_TEST(named->at(0).id == 9);
    BOOST_TEST(named->at(1).name == "orphan.example");
    BOOST_TEST(named->at(1).main_url == "");
}

BOOST_AUTO_TEST_CASE(a_hit_is_confirmed_by_the_host_of_its_urls) {
    for (const char* url : {"https://a.example", "http://a.example", "https://a.example/",
                            "https://www.a.example", "HTTPS://A.Example", "http://www.a.example/shop"})
        BOOST_TEST(is_site_of({"https://other.example", url}, "a.example"), url);
    for (const char* url :
         {"", "a.example", "https://b.a.example", "https://aa.example", "https://a.example.org",
          "https://a.example:8443", "ftp://a.example", "https://www.www.a.example", "https://x/a.example",
          "https://wwwa.example", "https://a.exampl", "https://user@a.example"})
        BOOST_TEST(!is_site_of({url}, "a.example"), url);
    BOOST_TEST(!is_site_of({}, "a.example"));
    BOOST_TEST(!is_site_of({"https://aexample.org"}, "awww.example.org"));
    BOOST_TEST(is_site_of({"https://www.a.example"}, "www.a.example"));
}

BOOST_AUTO_TEST_SUITE_END()
