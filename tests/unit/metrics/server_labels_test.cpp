#include "adapters/metrics/server_labels.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using hosting::server_status;
using hosting::metrics::server_labels;

namespace {

server_status named(std::string id, std::string name) {
    server_status out;
    out.id = std::move(id);
    out.name = std::move(name);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(labels_of_servers)

BOOST_AUTO_TEST_CASE(a_name_of_its_own_is_the_label) {
    const auto labels = server_labels({named("1", "web"), named("2", "db")});
    BOOST_TEST(labels == (std::vector<std::string>{"web", "db"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_shared_name_takes_the_id) {
    const auto labels = server_labels({named("1", "web"), named("2", "db"), named("3", "web")});
    BOOST_TEST(labels == (std::vector<std::string>{"web (1)", "db", "web (3)"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(no_two_are_alike_whatever_their_names) {
    const std::string endless(4096, 'x');
    const auto labels =
        server_labels({named("1", "web"), named("2", "web (1)"), named("3", "web"), named("3", "web"),
                       named("4", endless + "a"), named("5", endless + "b"), named("", ""), named("", "")});
    BOOST_TEST(std::set<std::string>(labels.begin(), labels.end()).size() == labels.size());
    for (const auto& each : labels)
        BOOST_TEST(each.size() < 300);
}

BOOST_AUTO_TEST_SUITE_END()
