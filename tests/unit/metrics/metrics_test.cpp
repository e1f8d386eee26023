#include "adapters/metrics/metrics.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>
#include <thread>

using namespace std::chrono_literals;
using hosting::errc;
using hosting::stage;

namespace {

using series = std::map<std::string, std::string>; // name with labels, and value

struct exposition {
    series values;
    std::map<std::string, std::string> types;
};

exposition read(const std::string& text) {
    exposition out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const auto blank = line.rfind(' ');
        if (line.starts_with("# TYPE "))
            out.types[line.substr(7, blank - 7)] = line.substr(blank + 1);
        else if (!line.starts_with('#'))
            BOOST_TEST(out.values.emplace(line.substr(0, blank), line.substr(blank + 1)).second);
    }
    return out;
}

hosting::server_status server(std::string id, std::string name, std::optional<errc> cause, std::size_t left) {
    return {std::move(id), std::move(name), false, cause, left};
}

struct figures_fixture {
    std::unique_ptr<hosting::metrics::figures> figures = hosting::metrics::make_figures();
    hosting::service_status now;
    hosting::metrics::ssh_counts ssh;

    exposition shown() const { return read(figures->text(now, ssh)); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(figures, figures_fixture)

BOOST_AUTO_TEST_CASE(what_is_so_now) {
    now.sites = {3, 2, 7};
    now.oldest_pending = 1'500ms;
    now.last_success = hosting::wall_time(1'790'000'000s);
    ssh = {12, 1, 4};
    now.servers = {server("1", "web", std::nullopt, 250), server("2", "db", errc::ssh_auth, 0)};
    auto all = shown().values;
    BOOST_TEST(all["hosting_sites{state=\"running\"}"] == "3");
    BOOST_TEST(all["hosting_sites{state=\"ready\"}"] == "2");
    BOOST_TEST(all["hosting_sites{state=\"waiting\"}"] == "7");
    BOOST_TEST(all["hosting_oldest_pending_age_seconds"] == "1.5");
    BOOST_TEST(all["hosting_last_success_timestamp_seconds"] == "1790000000");
    BOOST_TEST(all["hosting_ssh_connections{state=\"connecting\"}"] == "1");
    BOOST_TEST(all["hosting_ssh_connections{state=\"connected\"}"] == "4");
    BOOST_TEST(all["hosting_ssh_connects_total"] == "12");
    BOOST_TEST(all["hosting_acme_orders_remaining{server=\"web\"}"] == "250");
    BOOST_TEST(all["hosting_server_parked{server=\"web\"}"] == "0");
    BOOST_TEST(all["hosting_server_parked{server=\"db\"}"] == "1");
}

BOOST_AUTO_TEST_CASE(servers_that_are_gone_vanish) {
    now.servers = {server("1", "web", std::nullopt, 1)};
    BOOST_TEST(shown().values.contains("hosting_server_parked{server=\"web\"}"));
    now.servers.clear();
    BOOST_TEST(!shown().values.contains("hosting_server_parked{server=\"web\"}"));
}

BOOST_AUTO_TEST_CASE(a_name_cannot_break_the_text) {
    now.servers = {server("1", "a\"b\\c\nd", std::nullopt, 1)};
    BOOST_TEST(shown().values.contains("hosting_server_parked{server=\"a\\\"b\\\\c d\"}"));
}

BOOST_AUTO_TEST_CASE(stages_are_measured_in_seconds) {
    figures->stage_ended(stage::site, 300ms, std::nullopt);
    figures->stage_ended(stage::site, 20min, errc::step_timeout);
    auto all = shown().values;
    const std::string bucket = "hosting_stage_duration_seconds_bucket{stage=\"site\",le=";
    BOOST_TEST(all[bucket + "\"0.25\"}"] == "0");
    BOOST_TEST(all[bucket + "\"0.5\"}"] == "1");
    BOOST_TEST(all[bucket + "\"600\"}"] == "1");
    BOOST_TEST(all[bucket + "\"+Inf\"}"] == "2");
    BOOST_TEST(all["hosting_stage_duration_seconds_sum{stage=\"site\"}"] == "1200.3");
    BOOST_TEST(all["hosting_stage_duration_seconds_count{stage=\"report\"}"] == "0");
    BOOST_TEST(all["hosting_stage_failures_total{stage=\"site\",code=\"E_TIMEOUT\"}"] +
                   all["hosting_stage_failures_total{code=\"E_TIMEOUT\",stage=\"site\"}"] ==
               "1");
}

BOOST_AUTO_TEST_CASE(polls_are_counted_from_zero) {
    BOOST_TEST(shown().values["hosting_polls_total{result=\"failed\"}"] == "0");
    figures->poll_ended(true);
    figures->poll_ended(true);
    figures->poll_ended(false);
    auto all = shown().values;
    BOOST_TEST(all["hosting_polls_total{result=\"ok\"}"] == "2");
    BOOST_TEST(all["hosting_polls_total{result=\"failed\"}"] == "1");
}

BOOST_AUTO_TEST_CASE(every_metric_has_its_type) {
    now.servers = {server("1", "web", std::nullopt, 1)};
    figures->stage_ended(stage::site, 1s, errc::panel_busy);
    const std::map<std::string, std::string> wanted{
        {"hosting_sites", "gauge"},
        {"hosting_stage_duration_seconds", "histogram"},
        {"hosting_stage_failures_total", "counter"},
        {"hosting_oldest_pending_age_seconds", "gauge"},
        {"hosting_last_success_timestamp_seconds", "gauge"},
        {"hosting_ssh_connections", "gauge"},
        {"hosting_ssh_connects_total", "counter"},
        {"hosting_acme_orders_remaining", "gauge"},
        {"hosting_server_parked", "gauge"},
        {"hosting_polls_total", "counter"},
    };
    BOOST_TEST((shown().types == wanted));
}

BOOST_AUTO_TEST_CASE(all_threads_count) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([this] {
            for (int n = 0; n < 500; ++n) {
                figures->stage_ended(stage::report, 1ms, errc::supabase_unreachable);
                figures->poll_ended(true);
                if (n % 100 == 0) (void)figures->text(now, ssh);
            }
        });
    threads.clear();
    auto all = shown().values;
    BOOST_TEST(all["hosting_stage_duration_seconds_count{stage=\"report\"}"] == "2000");
    BOOST_TEST(all["hosting_polls_total{result=\"ok\"}"] == "2000");
}

BOOST_AUTO_TEST_SUITE_END()
