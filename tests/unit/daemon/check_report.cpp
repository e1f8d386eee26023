#include "daemon/check_report.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using state = finding::state;

namespace {

const std::vector<finding> some{{"Supabase", state::ok, "fine", ""},
                                {"server a\x1b[2J", state::wrong, "E_X: down\nand out", "act"},
                                {"server \xC3\xBC", state::paused, "waits", ""}};

} // namespace

BOOST_AUTO_TEST_SUITE(check_reports)

BOOST_AUTO_TEST_CASE(a_table_has_columns_and_a_summary) {
    BOOST_TEST(report_text(some) == "PART          STATE   WHAT -> WHO MUST ACT\n"
                                    "Supabase      ok      fine\n"
                                    "server a [2J  wrong   E_X: down and out\n"
                                    "                      -> act\n"
                                    "server \xC3\xBC      paused  waits\n"
                                    "1 part is wrong\n");
    BOOST_TEST(report_text({some[0], some[2]}).ends_with("all is well\n"));
    BOOST_TEST(report_text({some[1], some[1]}).ends_with("2 parts are wrong\n"));
}

BOOST_AUTO_TEST_CASE(machines_get_the_same) {
    const auto all = boost::json::parse(report_json(some)).as_object();
    BOOST_TEST(all.at("result").as_string() == "wrong");
    const auto& bad = all.at("checks").as_array().at(1).as_object();
    BOOST_TEST(bad.at("part").as_string() == "server a [2J");
    BOOST_TEST(bad.at("state").as_string() == "wrong");
    BOOST_TEST(bad.at("what").as_string() == "E_X: down and out");
    BOOST_TEST(bad.at("who").as_string() == "act");
    BOOST_TEST(boost::json::parse(report_json({some[0]})).at("result").as_string() == "ok");
}

BOOST_AUTO_TEST_CASE(a_failure_says_its_code_and_who_must_act) {
    const auto known = trouble("server a", {errc::clpctl_missing, "the server has no clpctl"});
    BOOST_TEST(known.what == "E_CLPCTL_MISSING: the server has no clpctl");
    BOOST_TEST(known.who == "install CloudPanel on the server");
    const auto other = trouble("Supabase", {errc::supabase_unreachable, "it is away"}, "look at the network");
    BOOST_TEST(other.what == "it is away"); // E_INTERNAL says nothing
    BOOST_TEST(other.who == "look at the network");
    BOOST_TEST(!all_is_well({other}));
    BOOST_TEST(all_is_well({some[0], some[2]}));
}

BOOST_AUTO_TEST_SUITE_END()
