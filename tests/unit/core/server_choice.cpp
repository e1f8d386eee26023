#include "core/server_choice.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

using hosting::choose_server;
using hosting::errc;
using hosting::server;

namespace {

server make(std::string id, std::string name, bool active = true, std::string address = "192.0.2.1") {
    server s;
    s.id = std::move(id);
    s.name = std::move(name);
    s.active = active;
    s.address = std::move(address);
    return s;
}

const std::vector<server> two{make("1", "alpha"), make("2", "beta")};

} // namespace

BOOST_AUTO_TEST_SUITE(server_choice)

BOOST_AUTO_TEST_CASE(the_row_names_its_server) {
    BOOST_TEST(choose_server("2", two, "alpha")->name == "beta");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there) {
    const auto chosen = choose_server("3", two, "alpha");
    BOOST_TEST((chosen.error().code == errc::server_unknown));
    BOOST_TEST(chosen.error().detail == "the site's server_id '3' is no server's");
}

BOOST_AUTO_TEST_CASE(without_one_the_default_by_id_or_name) {
    BOOST_TEST(choose_server(std::nullopt, two, "2")->name == "beta");
    BOOST_TEST(choose_server(std::nullopt, two, "alpha")->id == "1");
    BOOST_TEST((choose_server(std::nullopt, two, "gamma").error().code == errc::server_unknown));
    const std::vector<server> twins{make("1", "alpha"), make("2", "alpha")};
    BOOST_TEST((choose_server(std::nullopt, twins, "alpha").error().code == errc::server_ambiguous));
}

BOOST_AUTO_TEST_CASE(without_a_default_the_only_active_one) {
    const std::vector<server> one_active{make("1", "alpha", false), make("2", "beta")};
    BOOST_TEST(choose_server(std::nullopt, one_active, "")->id == "2");
    BOOST_TEST((choose_server(std::nullopt, two, "").error().code == errc::server_ambiguous));
    BOOST_TEST((choose_server(std::nullopt, {}, "").error().code == errc::server_unknown));
}

BOOST_AUTO_TEST_CASE(a_paused_server_is_chosen_its_sites_wait) {
    const std::vector<server> paused{make("1", "alpha", false)};
    BOOST_TEST(!choose_server("1", paused, "")->active);
}

BOOST_AUTO_TEST_CASE(a_server_without_an_address_or_port) {
    const std::vector<server> homeless{make("1", "alpha", true, "")};
    BOOST_TEST(choose_server("1", homeless, "").error().detail ==
               "the row of the server 'alpha' has no usable address");
    std::vector<server> portless{make("1", "", true)};
    portless[0].port = 0;
    BOOST_TEST(choose_server("1", portless, "").error().detail ==
               "the row of the server '1' has no usable SSH port");
}

BOOST_AUTO_TEST_SUITE_END()
