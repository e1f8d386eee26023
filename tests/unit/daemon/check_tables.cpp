#include "daemon/check_tables.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using state = finding::state;

namespace {

supabase::table_view table(const char* name) { return {name, std::nullopt, {}, {}}; }

finding last_of(supabase::table_view seen) { return judge_tables("https://x", {std::move(seen)}).back(); }

} // namespace

BOOST_AUTO_TEST_SUITE(check_tables)

BOOST_AUTO_TEST_CASE(tables_as_they_should_be) {
    const auto found = judge_tables("https://x", {table("servers"), table("sites")});
    BOOST_REQUIRE(found.size() == 3U);
    BOOST_TEST(found[0].what == "https://x accepts the service key");
    BOOST_TEST(found[2].part == "table sites");
    BOOST_TEST(all_is_well(found));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_wrong_and_what_is_forgone_a_note) {
    auto seen = table("sites");
    seen.forgone = {"server_id", "created_at"};
    BOOST_TEST((last_of(seen).how == state::note));
    BOOST_TEST(last_of(seen).what ==
               "done without server_id: sites go to cloudpanel.default_server, or to the only server; "
               "without created_at: sites are taken in the order of their ids");
    seen.missing = {"domain", "error_message"};
    BOOST_TEST((last_of(seen).how == state::wrong));
    BOOST_TEST(last_of(seen).what == "lacks domain, error_message");
    auto gone = table("sites");
    gone.why = failure{errc::supabase_schema, "the table is missing"};
    BOOST_TEST((last_of(gone).how == state::wrong));
}

BOOST_AUTO_TEST_CASE(matomo_is_no_reason_to_be_wrong) {
    auto seen = table("infrastructure_credentials");
    seen.missing = {"api_token"};
    BOOST_TEST((last_of(seen).how == state::note));
    seen.why = failure{errc::supabase_schema, "the table is missing"};
    BOOST_TEST((last_of(seen).how == state::note));
    seen.why = failure{errc::supabase_refused, "no rights"};
    const auto found = judge_tables("https://x", {table("servers"), seen});
    BOOST_TEST((found.back().how == state::wrong));
}

BOOST_AUTO_TEST_CASE(without_supabase_nothing_is_said_of_its_tables) {
    for (const auto code : {errc::supabase_unreachable, errc::supabase_refused, errc::supabase_unexpected}) {
        auto seen = table("servers");
        seen.why = failure{code, "no"};
        const auto found = judge_tables("https://x", {seen});
        BOOST_REQUIRE(found.size() == 1U);
        BOOST_TEST(found[0].part == "Supabase");
        BOOST_TEST((found[0].how == state::wrong));
        BOOST_TEST(!found[0].who.empty());
    }
}

BOOST_AUTO_TEST_SUITE_END()
