#include "daemon/command_line.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using namespace std::chrono_literals;

namespace {

std::optional<hosting::command_line> parse(std::vector<const char*> arguments, int& code) {
    arguments.insert(arguments.begin(), "hosting-automatord");
    return hosting::parse_command_line(static_cast<int>(arguments.size()), arguments.data(), code);
}

} // namespace

BOOST_AUTO_TEST_SUITE(command_lines)

BOOST_AUTO_TEST_CASE(nothing_means_the_daemon) {
    int code = -1;
    const auto line = parse({}, code);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST(line->config == "/etc/hosting-automator/hosting-automator.toml");
    BOOST_TEST(!line->config_named);
    BOOST_TEST(!line->once);
    BOOST_TEST((line->wait == 2min));
}

BOOST_AUTO_TEST_CASE(everything_about_once) {
    int code = -1;
    const auto line =
        parse({"--config", "/x.toml", "--once", "--site", "7", "--wait", "30s", "--dry-run"}, code);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST(line->config_named);
    BOOST_TEST(line->once);
    BOOST_TEST(line->site == "7");
    BOOST_TEST((line->wait == 30s));
    BOOST_TEST(line->dry_run);
}

BOOST_AUTO_TEST_CASE(questions_stand_beside_the_options) {
    using task = hosting::command_line::task;
    int code = -1;
    auto line = parse({"--config", "/x.toml", "check", "--json"}, code);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST((line->what == task::check));
    BOOST_TEST(line->json);
    line = parse({"explain", " Example.com", "--config", "/x.toml"}, code);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST((line->what == task::explain));
    BOOST_TEST(line->explained == " Example.com");
    BOOST_TEST(line->config == "/x.toml");
    BOOST_TEST(!line->json);
    line = parse({"--once"}, code);
    BOOST_REQUIRE(line.has_value());
    BOOST_TEST((line->what == task::work));
}

BOOST_AUTO_TEST_CASE(help_and_version_end_well) {
    for (const auto* option : {"--help", "--version"}) {
        int code = -1;
        BOOST_TEST(!parse({option}, code).has_value());
        BOOST_TEST(code == hosting::all_well);
    }
}

BOOST_AUTO_TEST_CASE(wrong_usage_ends_with_2) {
    const std::vector<std::vector<const char*>> wrong{{"--nope"},          {"--site", "7"},
                                                      {"--dry-run"},       {"--once", "--wait", "soon"},
                                                      {"--wait", "5s"},    {"--config"},
                                                      {"stray"},           {"--once", "--check-config"},
                                                      {"explain"},         {"check", "x"},
                                                      {"--once", "check"}, {"--check-config", "explain", "x"},
                                                      {"--json"},          {"check", "explain", "x"}};
    for (const auto& arguments : wrong) {
        int code = -1;
        BOOST_TEST(!parse(arguments, code).has_value());
        BOOST_TEST(code == hosting::wrong_usage);
    }
}

BOOST_AUTO_TEST_SUITE_END()
