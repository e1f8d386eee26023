#include "daemon/endpoint/answers.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace std::chrono_literals;

namespace {

service_status ready() {
    service_status now;
    now.last_poll = wall_time(1'790'000'000s);
    return now;
}

boost::json::object json_of(const service_status& now) {
    const auto said = endpoint::status_answer(now, "1.2.3");
    BOOST_TEST(said.status == 200U);
    BOOST_TEST(said.type == "application/json");
    return boost::json::parse(said.body).as_object();
}

} // namespace

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(the_status_has_what_the_python_service_had) {
    const auto said = json_of(ready());
    BOOST_TEST(said.at("status").as_string() == "healthy");
    BOOST_TEST(said.at("service").as_string() == "hosting-automator");
    BOOST_TEST(said.at("version").as_string() == "1.2.3");
    BOOST_TEST(!said.at("features").as_array().empty());
}

BOOST_AUTO_TEST_CASE(the_status_tells_what_goes_on) {
    auto now = ready();
    now.sites = {3, 2, 7};
    now.active = 11;
    now.failed = 5;
    now.oldest_pending = 61'500ms;
    now.servers = {{"7", "web", true, errc::ssh_auth, 42}, {"8", "db", false, std::nullopt, 0}};
    const auto said = json_of(now);
    BOOST_TEST(said.at("sites").at("running").as_int64() + said.at("sites").at("ready").as_int64() +
                   said.at("sites").at("waiting").as_int64() ==
               12);
    BOOST_TEST(said.at("active_since_start").to_number<int>() == 11);
    BOOST_TEST(said.at("failed_since_start").to_number<int>() == 5);
    BOOST_TEST(said.at("oldest_pending_age_seconds").to_number<int>() == 61);
    BOOST_TEST(said.at("last_poll").as_string() == "2026-09-21T14:13:20Z");
    BOOST_TEST(said.at("last_success").is_null());
    const auto& servers = said.at("servers").as_array();
    BOOST_TEST(servers.at(0).at("name").as_string() == "web");
    BOOST_TEST(servers.at(0).at("paused").as_bool());
    BOOST_TEST(servers.at(0).at("cause").as_string() == "E_SSH_AUTH");
    BOOST_TEST(servers.at(0).at("orders_remaining").to_number<int>() == 42);
    BOOST_TEST(servers.at(1).at("cause").is_null());
}

BOOST_AUTO_TEST_CASE(the_status_is_in_one_word) {
    auto now = ready();
    now.supabase_away = true;
    BOOST_TEST(json_of(now).at("status").as_string() == "degraded");
    now.stopping = true;
    BOOST_TEST(json_of(now).at("status").as_string() == "stopping");
    BOOST_TEST(json_of({}).at("status").as_string() == "degraded");
}

BOOST_AUTO_TEST_CASE(ready_is_one_word_or_all_checks) {
    BOOST_TEST(endpoint::ready_answer(ready(), false).body == "ok\n");
    const auto said = endpoint::ready_answer(ready(), true);
    BOOST_TEST(said.status == 200U);
    BOOST_TEST(said.body == "[+]running ok\n[+]polled ok\n[+]supabase ok\nreadyz check passed\n");
}

BOOST_AUTO_TEST_CASE(not_ready_says_why) {
    auto away = ready();
    away.supabase_away = true;
    auto stopping = ready();
    stopping.stopping = true;
    for (const auto& [now, line] :
         {std::pair(service_status(), "[-]polled failed\n"), std::pair(away, "[-]supabase failed\n"),
          std::pair(stopping, "[-]running failed\n")})
        for (const bool verbose : {true, false}) {
            const auto said = endpoint::ready_answer(now, verbose);
            BOOST_TEST(said.status == 503U);
            BOOST_TEST(said.body.find(line) != said.body.npos);
            BOOST_TEST(said.body.ends_with("readyz check failed\n"));
        }
}

BOOST_AUTO_TEST_CASE(alive_is_not_ready) {
    auto now = service_status();
    BOOST_TEST(endpoint::alive_answer(now).status == 200U);
    now.supabase_away = now.stopping = true;
    now.late = 5s;
    BOOST_TEST(endpoint::alive_answer(now).status == 200U);
    now.late = 2min;
    BOOST_TEST(endpoint::alive_answer(now).status == 503U);
}

BOOST_AUTO_TEST_SUITE_END()
