#include "adapters/supabase/requests.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::supabase;

namespace {

settings with_key(const std::string& key, const std::string& url = "https://abc.supabase.co/") {
    settings out;
    out.url = *http::parse_url(url);
    out.service_key = secret(key);
    return out;
}

std::string header(const http::request& of, const std::string& name) {
    for (const auto& [each, value] : of.headers)
        if (each == name) return value;
    return "(none)";
}

columns without(std::initializer_list<optional_column> some) {
    columns out;
    for (auto each : some)
        out.missing |= 1U << static_cast<unsigned>(each);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(supabase_requests)

BOOST_AUTO_TEST_CASE(only_a_jwt_is_a_bearer_token) {
    auto old = credentials_request(with_key(" eyJhbGciOi.x.y\n"), "matomo");
    BOOST_TEST(header(old, "apikey") == "eyJhbGciOi.x.y");
    BOOST_TEST(header(old, "Authorization") == "Bearer eyJhbGciOi.x.y");
    auto today = credentials_request(with_key("sb_secret_abc"), "matomo");
    BOOST_TEST(header(today, "apikey") == "sb_secret_abc");
    BOOST_TEST(header(today, "Authorization") == "(none)");
}

BOOST_AUTO_TEST_CASE(the_base_path_is_added_once) {
    for (const char* url :
         {"http://h/base", "http://h/base/", "http://h/base/rest/v1", "http://h/base/rest/v1/"})
        BOOST_TEST(credentials_request(with_key("k", url), "a b").target ==
                   "/base/rest/v1/infrastructure_credentials?select=*&service=eq.a%20b");
}

BOOST_AUTO_TEST_CASE(pages_are_asked_for_by_the_last_id) {
    page first;
    first.limit = 200;
    BOOST_TEST(
        pending_request(with_key("k"), {}, first).target ==
        "/rest/v1/sites?select=id,domain,server_id,created_at&status_dns=eq.active&status_hosting=eq.pending"
        "&order=id.asc&limit=200");
    page next;
    next.limit = 200;
    next.after_id = "a+b";
    BOOST_TEST(pending_request(with_key("k"),
                               without({optional_column::sites_server_id, optional_column::sites_created_at}),
                               next)
                   .target == "/rest/v1/sites?select=id,domain&status_dns=eq.active&status_hosting=eq.pending"
                              "&order=id.asc&limit=200&id=gt.a%2Bb");
}

BOOST_AUTO_TEST_CASE(the_newest_are_one_page_from_the_other_end) {
    BOOST_TEST(
        newest_request(with_key("k"), {}, 200).target ==
        "/rest/v1/sites?select=id,domain,server_id,created_at&status_dns=eq.active&status_hosting=eq.pending"
        "&order=created_at.desc.nullslast,id.desc&limit=200");
    BOOST_TEST(newest_request(with_key("k"), without({optional_column::sites_created_at}), 5).target ==
               "/rest/v1/sites?select=id,domain,server_id&status_dns=eq.active&status_hosting=eq.pending"
               "&order=id.desc&limit=5");
}

BOOST_AUTO_TEST_CASE(servers_are_asked_for_without_their_keys) {
    page first;
    first.limit = 5;
    BOOST_TEST(servers_request(with_key("k"), {}, first).target ==
               "/rest/v1/servers?select=id,ip_address,name,ssh_port,ssh_user,is_active&order=id.asc&limit=5");
    BOOST_TEST(servers_request(with_key("k"),
                               without({optional_column::servers_name, optional_column::servers_is_active}),
                               first)
                   .target == "/rest/v1/servers?select=id,ip_address,ssh_port,ssh_user&order=id.asc&limit=5");
}

BOOST_AUTO_TEST_CASE(an_update_is_conditional_on_what_was_read) {
    site read;
    read.id = "7";
    read.domain = "a&b.example";
    read.server_id = "s1";
    read.status_hosting = "pending";
    outcome done;
    done.document_root = "/home/u/htdocs/a";
    done.matomo_site_id = 12;
    auto update = update_request(with_key("k"), {}, read, done);
    BOOST_TEST(update.method == "PATCH");
    BOOST_TEST(!update.repeatable);
    BOOST_TEST(header(update, "Prefer") == "return=representation");
    BOOST_TEST(header(update, "Content-Type") == "application/json");
    BOOST_TEST(update.target == "/rest/v1/sites?id=eq.7&status_hosting=eq.pending&domain=eq.a%26b.example"
                                "&server_id=eq.s1&select=id");
    BOOST_TEST(
        update.body ==
        R"({"status_hosting":"active","hosting_doc_root":"/home/u/htdocs/a","matomo_site_id":12,"error_message":null})");

    read.server_id = std::nullopt;
    read.status_hosting = std::nullopt;
    BOOST_TEST(
        update_request(with_key("k"), {}, read, done).target ==
        "/rest/v1/sites?id=eq.7&status_hosting=is.null&domain=eq.a%26b.example&server_id=is.null&select=id");
    read.has_server_column = false;
    read.domain = std::string(1001, 'x');
    BOOST_TEST(update_request(with_key("k"), {}, read, done).target ==
               "/rest/v1/sites?id=eq.7&status_hosting=is.null&select=id");
    read.domain = "";
    BOOST_TEST(update_request(with_key("k"), {}, read, done).target ==
               "/rest/v1/"
               "sites?id=eq.7&status_hosting=is.null&or=(domain.is.null,domain.eq.%22%22)&select=id,domain");
}

BOOST_AUTO_TEST_CASE(bodies_hold_what_is_known_and_no_more) {
    site read;
    auto body = [&](const outcome& what) { return update_request(with_key("k"), {}, read, what).body; };
    outcome what;
    BOOST_TEST(body(what) == R"({"status_hosting":"active","error_message":null})");
    what.what = outcome::kind::failed;
    what.error_message = "E_X: \"y\"";
    what.matomo_site_id = 4;
    BOOST_TEST(body(what) == R"({"status_hosting":"failed","error_message":"E_X: \"y\""})");
    what.document_root = "/r";
    BOOST_TEST(body(what) ==
               R"({"status_hosting":"failed","hosting_doc_root":"/r","error_message":"E_X: \"y\""})");
    what.what = outcome::kind::waiting;
    BOOST_TEST(body(what) == R"({"error_message":"E_X: \"y\""})");
}

BOOST_AUTO_TEST_CASE(a_domain_is_asked_for_literally) {
    const auto target = domain_request(with_key("k"), {}, {"a.com", "(b|c)*&x"}, 100).target;
    BOOST_TEST(target == "/rest/v1/sites?select=id,domain,status_dns,status_hosting,hosting_doc_root,"
                         "matomo_site_id,error_message,server_id&domain=imatch."
                         "%5E%5B%5B%3Aspace%3A%5D%5D%2A%28a%5C.com%7C%5C%28b%5C%7Cc%5C%29%5C%2A%5C%26x%29"
                         "%5B%5B%3Aspace%3A%5D%5D%2A%24&order=id.asc&limit=100");
    const auto oldest = without({optional_column::sites_server_id});
    BOOST_TEST(domain_request(with_key("k"), oldest, {"a.com"}, 1).target.find("server_id") ==
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(columns_are_asked_for_without_rows) {
    BOOST_TEST(columns_request(with_key("k"), "servers", {"id", "ssh_private_key"}).target ==
               "/rest/v1/servers?select=id,ssh_private_key&limit=0");
}

BOOST_AUTO_TEST_SUITE_END()
