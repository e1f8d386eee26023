#include "adapters/supabase/rows.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::supabase;

namespace {

template<class T>
void refuses(const result<T>& got, const std::string& table) {
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().code == errc::supabase_unexpected));
    BOOST_TEST(got.error().detail.find("the table " + table) != std::string::npos);
    BOOST_TEST(got.error().detail.find("SECRET") == std::string::npos);
}

server one_server(const std::string& columns) {
    auto got = read_servers(R"([{"id":"s1",)" + columns + "}]");
    BOOST_REQUIRE(got);
    BOOST_REQUIRE(got->size() == 1);
    return got->front();
}

} // namespace

BOOST_AUTO_TEST_SUITE(supabase_rows)

BOOST_AUTO_TEST_CASE(pending_rows_as_the_real_server_sends_them) {
    auto got = read_pending(
        R"([{"id":"aaaaaaaa-0000-0000-0000-000000000003","created_at":"2026-01-01T00:00:03.123456+00:00","domain":"c.example.com","server_id":null},
 {"id":"aaaaaaaa-0000-0000-0000-000000000001","created_at":"2026-01-01T00:00:01.5+00:00","domain":"a.example.com","server_id":"11111111-1111-1111-1111-111111111111"}])");
    BOOST_REQUIRE(got);
    BOOST_REQUIRE(got->size() == 2);
    BOOST_TEST(got->at(0).id == "aaaaaaaa-0000-0000-0000-000000000003");
    BOOST_TEST(got->at(0).domain == "c.example.com");
    BOOST_TEST(got->at(0).server_id == "");
    BOOST_TEST(got->at(0).created_at == "2026-01-01T00:00:03.123456+00:00");
    BOOST_TEST(got->at(1).server_id == "11111111-1111-1111-1111-111111111111");
}

BOOST_AUTO_TEST_CASE(old_and_odd_schemas_are_read) {
    auto got = read_pending(R"([{"id":7,"domain":null},{"id":18446744073709551615,"domain":"x"}])");
    BOOST_REQUIRE(got);
    BOOST_TEST(got->at(0).id == "7");
    BOOST_TEST(got->at(0).domain == "");
    BOOST_TEST(got->at(0).created_at == "");
    BOOST_TEST(got->at(1).id == "18446744073709551615");
    BOOST_TEST(read_pending("[]").value().empty());
}

BOOST_AUTO_TEST_CASE(what_is_no_list_of_rows_is_refused) {
    std::string deep(5'000, '[');
    for (const std::string& body :
         {std::string(), std::string("null"), std::string("{}"), std::string(R"({"message":"SECRET"})"),
          std::string("[1]"), std::string("[null]"), std::string(R"(["SECRET"])"),
          std::string(R"([{"id":"SECRET")"), std::string("<html>SECRET</html>"),
          std::string(R"([{"domain":"SECRET"}])"), std::string(R"([{"id":null,"domain":"SECRET"}])"),
          std::string(R"([{"id":"","domain":"SECRET"}])"), std::string(R"([{"id":{"a":"SECRET"}}])"),
          std::string(R"([{"id":true}])"),
          std::string(R"([{"id":"1","domain":["SECRET"],"ip_address":["SECRET"]}])"),
          std::string("[{\"id\":\"\xff\"}]"), deep, std::string(R"([] SECRET)")}) {
        BOOST_TEST_CONTEXT(body.substr(0, 40)) {
            refuses(read_pending(body), "sites");
            refuses(read_site(body), "sites");
            refuses(read_servers(body), "servers");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_site_is_read_whole) {
    auto got = read_site(
        R"([{"id":"s","domain":" A.Example ","server_id":"v","status_dns":"active","status_hosting":"pending","hosting_doc_root":"/home/x","matomo_site_id":12,"error_message":"E_X: y"}])");
    BOOST_REQUIRE(got);
    BOOST_REQUIRE(got->has_value());
    const site& site = **got;
    BOOST_TEST(site.domain == " A.Example ");
    BOOST_TEST(site.server_id.value() == "v");
    BOOST_TEST(site.has_server_column);
    BOOST_TEST(site.status_hosting.value() == "pending");
    BOOST_TEST(site.matomo_site_id.value() == 12);
    BOOST_TEST(site.document_root.value() == "/home/x");
    BOOST_TEST(site.error_message.value() == "E_X: y");

    auto old = read_site(R"([{"id":"s","domain":"a","status_hosting":null,"matomo_site_id":"9"}])");
    BOOST_TEST(!(*old)->has_server_column);
    BOOST_TEST(!(*old)->server_id);
    BOOST_TEST(!(*old)->status_hosting);
    BOOST_TEST((*old)->matomo_site_id.value() == 9);

    BOOST_TEST(!read_site("[]")->has_value());
    refuses(read_site(R"([{"id":"s"},{"id":"s"}])"), "sites");
    refuses(read_site(R"([{"id":"s","matomo_site_id":"SECRET"}])"), "sites");
}

BOOST_AUTO_TEST_CASE(ports_may_be_numbers_text_or_nothing) {
    struct row {
        const char* text;
        unsigned port;
    };
    for (const row& each :
         {row{"22", 22}, row{"2222", 2222}, row{"\"2222\"", 2222}, row{"\" 22 \"", 22}, row{"22.0", 22},
          row{"null", 22}, row{"\"\"", 22}, row{"0", 0}, row{"-1", 0}, row{"65535", 65535}, row{"65536", 0},
          row{"\"22x\"", 0}, row{"\"ssh\"", 0}, row{"22.5", 0}, row{"1e99", 0}, row{"true", 0},
          row{"[22]", 0}, row{"{}", 0}, row{"99999999999999999999999", 0}}) {
        BOOST_TEST_CONTEXT(each.text) {
            BOOST_TEST(one_server(R"("ssh_port":)" + std::string(each.text)).port == each.port);
        }
    }
    BOOST_TEST(one_server(R"("name":"x")").port == 22);
}

BOOST_AUTO_TEST_CASE(addresses_lose_brackets_and_blanks) {
    struct row {
        const char* text;
        const char* address;
    };
    for (const row& each :
         {row{"192.0.2.10", "192.0.2.10"}, row{" 192.0.2.10\\r\\n", "192.0.2.10"},
          row{"[2001:db8::1]", "2001:db8::1"}, row{" [ ::1 ] ", "::1"}, row{"2001:db8::1", "2001:db8::1"},
          row{"web-1.example", "web-1.example"}, row{"", ""}, row{"  ", ""}, row{"a b", ""},
          row{"a;touch /tmp/x", ""}, row{"h\\u0000x", ""}, row{"-oProxyCommand=x", ""}, row{"[::1", ""}}) {
        BOOST_TEST_CONTEXT(each.text) {
            BOOST_TEST(one_server(R"("ip_address":")" + std::string(each.text) + '"').address ==
                       each.address);
        }
    }
    BOOST_TEST(one_server(R"("ip_address":null)").address == "");
}

BOOST_AUTO_TEST_CASE(what_a_servers_row_leaves_out_has_its_default) {
    auto bare = one_server(R"("ssh_user":null)");
    BOOST_TEST(bare.name == "");
    BOOST_TEST(bare.user == "root");
    BOOST_TEST(bare.active);
    BOOST_TEST(one_server(R"("is_active":null)").active);
    BOOST_TEST(!one_server(R"("is_active":false)").active);
    BOOST_TEST(one_server(R"("ssh_user":" deploy ","name":" web-1 ")").user == "deploy");
    BOOST_TEST(one_server(R"("name":" web-1 ")").name == "web-1");
    refuses(read_servers(R"([{"id":"s","is_active":"SECRET"}])"), "servers");
}

BOOST_AUTO_TEST_CASE(private_keys_come_as_they_are) {
    BOOST_TEST(!read_private_key("[]")->has_value());
    BOOST_TEST((**read_private_key(R"([{"ssh_private_key":null}])")).empty());
    BOOST_TEST((**read_private_key(R"([{"ssh_private_key":"a\r\nb"}])")).reveal() == "a\r\nb");
    refuses(read_private_key(R"([{"ssh_private_key":["SECRET"]}])"), "servers");
}

BOOST_AUTO_TEST_CASE(credentials_are_the_first_usable_row) {
    auto got = read_credentials(
        R"([{"url":"https://old","api_token":"a","is_active":false},{"url":"","api_token":"b"},{"url":"https://x","api_token":null},
            {"url":" https://m ","api_token":" t ","is_active":true,"username":"u"},{"url":"https://late","api_token":"c"}])");
    BOOST_REQUIRE(got);
    BOOST_REQUIRE(got->has_value());
    BOOST_TEST((*got)->url == "https://m");
    BOOST_TEST((*got)->token.reveal() == "t");
    BOOST_TEST(!read_credentials("[]")->has_value());
    BOOST_TEST(read_credentials(R"([{"url":"https://m","api_token":"t"}])")->has_value());
    refuses(read_credentials(R"({"api_token":"SECRET"})"), "infrastructure_credentials");
}

BOOST_AUTO_TEST_SUITE_END()
