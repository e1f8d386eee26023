#include "adapters/supabase/requests.hpp"
#include "adapters/supabase/tables.hpp"
#include "fake_postgrest.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <sstream>

using namespace hosting;
using namespace hosting::supabase;
using names = std::vector<std::string>;

namespace {

struct tables_fixture {
    fake_postgrest db;

    tables_fixture() {
        for (const char* table : {"sites", "servers", "infrastructure_credentials"})
            db.tables[table].push_back({{"id", "1"}, {"ssh_private_key", "secret"}});
    }

    static settings with() {
        settings out;
        out.url = *http::parse_url("https://db.example");
        out.service_key = secret("sb_secret_x");
        return out;
    }

    std::vector<table_view> look() {
        boost::asio::io_context loop;
        auto done = boost::asio::co_spawn(loop, look_at_tables(with(), db), boost::asio::use_future);
        loop.run();
        return done.get();
    }
};

// The columns that a request names in its select.
names selected(const http::request& what) {
    const auto from = what.target.find("select=") + 7;
    std::istringstream list(what.target.substr(from, what.target.find('&', from) - from));
    names out;
    for (std::string one; std::getline(list, one, ',');)
        out.push_back(one);
    return out;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(supabase_tables, tables_fixture)

BOOST_AUTO_TEST_CASE(all_is_there_and_no_row_is_brought) {
    const auto seen = look();
    BOOST_REQUIRE(seen.size() == 3U);
    for (const auto& each : seen) {
        BOOST_TEST(!each.why.has_value());
        BOOST_TEST(each.missing.empty());
        BOOST_TEST(each.forgone.empty());
    }
    BOOST_TEST(db.seen.size() == 3U);
    for (const auto& request : db.seen) {
        BOOST_TEST(request.method == "GET");
        BOOST_TEST(request.target.ends_with("&limit=0"));
    }
}

BOOST_AUTO_TEST_CASE(every_column_that_is_missing_is_found) {
    db.missing_columns["sites"] = {"server_id", "created_at", "error_message", "domain"};
    db.missing_columns["servers"] = {"is_active"};
    const auto seen = look();
    BOOST_REQUIRE(seen.size() == 3U);
    BOOST_TEST(seen[0].table == "servers");
    BOOST_TEST(seen[0].forgone == names{"is_active"});
    auto missing = seen[1].missing, forgone = seen[1].forgone;
    std::ranges::sort(missing);
    std::ranges::sort(forgone);
    BOOST_TEST(missing == (names{"domain", "error_message"}));
    BOOST_TEST(forgone == (names{"created_at", "server_id"}));
}

BOOST_AUTO_TEST_CASE(a_table_that_is_missing_stops_no_other) {
    db.tables.erase("servers");
    const auto seen = look();
    BOOST_REQUIRE(seen.size() == 3U);
    BOOST_TEST((seen[0].why && seen[0].why->code == errc::supabase_schema));
    BOOST_TEST(!seen[2].why.has_value());
}

BOOST_AUTO_TEST_CASE(a_supabase_that_is_away_is_asked_once) {
    db.fates = {fake_postgrest::fate::unreachable};
    const auto seen = look();
    BOOST_REQUIRE(seen.size() == 1U);
    BOOST_TEST((seen[0].why && seen[0].why->code == errc::supabase_unreachable));
    BOOST_TEST(db.seen.size() == 1U);
}

BOOST_AUTO_TEST_CASE(no_column_that_we_name_is_forgotten) {
    const auto among = [](const http::request& what, const char* table) {
        const auto known = columns_named(table);
        for (const auto& name : selected(what))
            BOOST_TEST((std::ranges::count(known, name) == 1), name);
    };
    among(pending_request(with(), {}, {}), "sites");
    among(site_request(with(), {}, "1"), "sites");
    among(servers_request(with(), {}, {}), "servers");
    among(private_key_request(with(), "1"), "servers");
}

BOOST_AUTO_TEST_SUITE_END()
