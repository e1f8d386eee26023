#include "daemon/endpoint/process_call.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using endpoint::answer;
using endpoint::process_call;
using endpoint::read_process_call;

namespace {

constexpr std::string_view beginning =
    R"({"supabase_url":"https://hub.example","supabase_service_key":"CANARY")";

std::string with(const std::string& rest) { return std::string(beginning) + rest + "}"; }

process_call good(const std::string& body) {
    auto read = read_process_call(body);
    BOOST_REQUIRE(std::holds_alternative<process_call>(read));
    return std::get<process_call>(std::move(read));
}

// The mistakes' places, as "body.field body.field".
std::string mistakes(const std::string& body) {
    const auto read = read_process_call(body);
    BOOST_REQUIRE(std::holds_alternative<answer>(read));
    const auto& said = std::get<answer>(read);
    BOOST_TEST(said.status == 422U);
    BOOST_TEST(said.body.find("CANARY") == said.body.npos);
    std::string out;
    const auto body_said = boost::json::parse(said.body);
    for (const auto& each : body_said.at("detail").as_array()) {
        BOOST_TEST(!each.at("msg").as_string().empty());
        BOOST_TEST(!each.at("type").as_string().empty());
        out += out.empty() ? "" : " ";
        for (const auto& part : each.at("loc").as_array())
            out += (part == "body" ? "" : ".") + std::string(part.as_string().c_str());
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(process_calls)

BOOST_AUTO_TEST_CASE(the_hubs_body) {
    const auto call = good(with(""));
    BOOST_TEST(call.supabase_url == "https://hub.example");
    BOOST_TEST(call.key.reveal() == "CANARY");
    BOOST_TEST(call.site_id.empty());
}

BOOST_AUTO_TEST_CASE(an_id_is_text_or_a_number) {
    BOOST_TEST(good(with(R"(,"site_id":"5b0c5c5e-0000-4000-8000-000000000001")")).site_id ==
               "5b0c5c5e-0000-4000-8000-000000000001");
    BOOST_TEST(good(with(R"(,"site_id":42)")).site_id == "42");
    BOOST_TEST(good(with(R"(,"site_id":18446744073709551615)")).site_id == "18446744073709551615");
    BOOST_TEST(good(with(R"(,"site_id":null)")).site_id.empty());
    BOOST_TEST(good(with(R"(,"site_id":"")")).site_id.empty());
    BOOST_TEST(good(with(R"(,"more":[1])")).site_id.empty());
}

BOOST_AUTO_TEST_CASE(an_implausible_id_is_refused) {
    const std::string endless(129, 'x');
    for (const std::string& id :
         {std::string("1.5"), std::string("true"), std::string("[]"), std::string("{}"),
          std::string(R"("a b")"), std::string(R"("a\nb")"), std::string(R"("ä")"), '"' + endless + '"'})
        BOOST_TEST(mistakes(with(",\"site_id\":" + id)) == "body.site_id", id);
}

BOOST_AUTO_TEST_CASE(fields_that_are_missing_or_no_text_are_named_together) {
    BOOST_TEST(mistakes("{}") == "body.supabase_url body.supabase_service_key");
    BOOST_TEST(mistakes(R"({"supabase_service_key":"CANARY"})") == "body.supabase_url");
    BOOST_TEST(mistakes(R"({"supabase_service_key":{"CANARY":1},"supabase_url":7})") ==
               "body.supabase_url body.supabase_service_key");
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
    for (const std::string& body :
         {std::string(), std::string("CANARY"), std::string("[\"CANARY\"]"), std::string("1"), with(","),
          std::string(beginning), std::string(16'000, '['), std::string("{\"a\":\"\xff\"}")})
        BOOST_TEST(mistakes(body) == "body");
}

BOOST_AUTO_TEST_CASE(only_the_configured_key_and_address_pass) {
    const endpoint::gate gate(*http::parse_url("https://hub.example"), secret("CANARY"));
    const auto status = [&](std::string url, std::string key) {
        const auto refused = gate.refuse({std::move(url), secret(std::move(key)), {}});
        if (refused) BOOST_TEST(refused->body.find("CANARY") == refused->body.npos);
        return refused ? refused->status : 200U;
    };
    for (const auto* url :
         {"https://hub.example", "https://hub.example/", "HTTPS://Hub.Example:443", " https://hub.example "})
        BOOST_TEST(status(url, "CANARY") == 200U, url);
    for (const auto* url : {"http://hub.example", "https://hub.example:444", "https://hub.example.org",
                            "https://hub.example/a", "https://hub.example/?a", "", "hub.example"})
        BOOST_TEST(status(url, "CANARY") == 409U, url);
    for (const auto* key : {"", "CANAR", "CANARY ", "canary", "CANARYCANARY"}) {
        BOOST_TEST(status("https://hub.example", key) == 401U, key);
        BOOST_TEST(status("https://other.example", key) == 401U, key); // tells strangers nothing
    }
}

BOOST_AUTO_TEST_SUITE_END()
