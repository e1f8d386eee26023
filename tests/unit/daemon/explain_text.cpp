#include "daemon/explain_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;

namespace {

explained_sites two() {
    explained_sites all;
    all.notes = {"there is no memory"};
    all.sites.push_back({"7", "a.com", "it waits", "act", {{"row", "x"}, {"next attempt", "y"}}});
    all.sites.push_back({"8", "b.com", "it is done", "", {}});
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(explained_texts)

BOOST_AUTO_TEST_CASE(for_people) {
    BOOST_TEST(explained_text(two()) == "there is no memory.\n"
                                        "\n"
                                        "a.com (7): it waits.\n"
                                        "  -> act\n"
                                        "  row           x\n"
                                        "  next attempt  y\n"
                                        "\n"
                                        "b.com (8): it is done.\n");
}

BOOST_AUTO_TEST_CASE(for_machines) {
    const auto all = boost::json::parse(explained_json(two())).as_object();
    BOOST_TEST(all.at("notes").as_array().at(0).as_string() == "there is no memory");
    const auto& first = all.at("sites").as_array().at(0).as_object();
    BOOST_TEST(first.at("site_id").as_string() == "7");
    BOOST_TEST(first.at("verdict").as_string() == "it waits");
    BOOST_TEST(first.at("who").as_string() == "act");
    BOOST_TEST(first.at("facts").as_array().at(1).at("name").as_string() == "next attempt");
}

BOOST_AUTO_TEST_SUITE_END()
