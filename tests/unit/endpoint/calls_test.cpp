// POST /process and the other answers, as a client sees them.
#include "server_fixture.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;

namespace {

std::string call(std::string_view key = right_key, const std::string& rest = {},
                 std::string_view url = "https://hub.example/") {
    return R"({"supabase_url":")" + std::string(url) + R"(","supabase_service_key":")" + std::string(key) +
           '"' + rest + '}';
}

raw_answer get(const server_fixture& from, const std::string& target) {
    raw_client client(from.address());
    return client.ask("GET " + target + " HTTP/1.1\r\n\r\n");
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(endpoint_calls, server_fixture)

BOOST_AUTO_TEST_CASE(a_call_without_an_id_polls) {
    start();
    const auto said = post(call());
    BOOST_TEST(said.status == 200U);
    const auto body = boost::json::parse(said.body);
    BOOST_TEST(body.at("status").as_string() == "accepted");
    BOOST_TEST(!body.at("message").as_string().empty());
    BOOST_TEST(body.at("task_id").as_string().size() == 36U);
    BOOST_TEST(dispatcher.polls() == 1);
    BOOST_TEST(dispatcher.requests().empty());
}

BOOST_AUTO_TEST_CASE(a_call_with_an_id_is_for_this_row) {
    start();
    BOOST_TEST(post(call(right_key, R"(,"site_id":"abc")")).status == 200U);
    BOOST_TEST(post(call(right_key, R"(,"site_id":7)")).status == 200U);
    BOOST_TEST(dispatcher.polls() == 0);
    BOOST_TEST(dispatcher.requests() == (std::vector<std::string>{"abc", "7"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refused_calls_do_nothing_and_are_one_warning) {
    start();
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(post(call("sb_secret_of_others")).status == 401U);
    BOOST_TEST(post(call(right_key, "", "https://other.example")).status == 409U);
    BOOST_TEST(post("{}").status == 422U);
    BOOST_TEST(dispatcher.polls() == 0);
    BOOST_TEST(count("warning POST /process from 127.0.0.1:") == 1U);
}

BOOST_AUTO_TEST_CASE(the_warning_comes_again_when_its_time_is_over) {
    bounds.between_warnings = 0ms;
    start();
    (void)post(call("x"));
    (void)post(call(right_key, "", "https://other.example"));
    BOOST_TEST(count("warning POST /process from 127.0.0.1:") == 2U);
}

BOOST_AUTO_TEST_CASE(no_key_is_in_an_answer_or_in_the_log) {
    start();
    std::string seen;
    for (const auto& body :
         {call(), call("sb_secret_of_others"), call(right_key, ",\"site_id\":[]"),
          call(right_key, "", "https://other.example"), call() + "x", "\"" + call() + "\""})
        seen += post(body).body;
    for (const auto& line : journal.lines())
        seen += line;
    BOOST_TEST(seen.find("sb_secret") == seen.npos);
}

BOOST_AUTO_TEST_CASE(no_call_is_taken_while_it_stops) {
    start();
    hosting::service_status now;
    now.stopping = true;
    dispatcher.set(now);
    BOOST_TEST(post(call()).status == 503U);
    BOOST_TEST(get(*this, "/livez").status == 200U);
    BOOST_TEST(get(*this, "/readyz").status == 503U);
    BOOST_TEST(dispatcher.polls() == 0);
}

BOOST_AUTO_TEST_CASE(questions_are_answered) {
    start();
    hosting::service_status now;
    now.last_poll = hosting::wall_time(1'790'000'000s);
    dispatcher.set(now);
    for (const auto* target : {"/", "/health"})
        BOOST_TEST(boost::json::parse(get(*this, target).body).at("version").as_string() == "1.2.3");
    BOOST_TEST(get(*this, "/livez").body == "ok\n");
    BOOST_TEST(get(*this, "/readyz?verbose").body.ends_with("readyz check passed\n"));
    const auto metrics_said = get(*this, "/metrics");
    BOOST_TEST(metrics_said.body == "hosting_sites 1\n");
    BOOST_TEST(metrics_said.head.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(other_paths_and_methods_are_refused) {
    start();
    raw_client client(address());
    BOOST_TEST(client.ask("GET /docs HTTP/1.1\r\n\r\n").status == 404U);
    const auto said = client.ask("DELETE /health HTTP/1.1\r\n\r\n");
    BOOST_TEST(said.status == 405U);
    BOOST_TEST(said.head.find("\r\nAllow: GET, HEAD\r\n") != std::string::npos);
    BOOST_TEST(client.ask("OPTIONS /process HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n").status == 405U);
}

BOOST_AUTO_TEST_CASE(head_has_no_body) {
    start();
    raw_client client(address());
    const auto said = client.ask("HEAD /livez HTTP/1.1\r\n\r\n", false);
    BOOST_TEST(said.head.find("\r\nContent-Length: 3\r\n") != std::string::npos);
    BOOST_TEST(client.ask(livez).body == "ok\n"); // nothing was in between
}

BOOST_AUTO_TEST_CASE(a_fault_of_ours_is_an_answer_and_an_error) {
    metrics = [](const auto&) -> std::string { throw std::runtime_error("no figures"); };
    start();
    raw_client client(address());
    BOOST_TEST(client.ask("GET /metrics HTTP/1.1\r\n\r\n").status == 500U);
    BOOST_TEST(client.ask(livez).status == 200U);
    BOOST_TEST(count("error a request ended in an exception: no figures") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
