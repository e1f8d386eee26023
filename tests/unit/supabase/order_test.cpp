#include "adapters/supabase/row_order.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::supabase;

BOOST_AUTO_TEST_SUITE(supabase_row_order)

BOOST_AUTO_TEST_CASE(timestamps_of_every_form_are_read) {
    struct row {
        const char* text;
        std::int64_t seconds;
        std::uint32_t nanoseconds;
    };
    for (const row& each :
         {row{"1970-01-01T00:00:00+00:00", 0, 0}, row{"2026-01-01T00:00:01.5+00:00", 1767225601, 500'000'000},
          row{"2026-01-01T00:00:03.123456+00:00", 1767225603, 123'456'000},
          row{"2026-01-01T02:00:01+02:00", 1767225601, 0}, row{"2025-12-31T18:30:01-0530", 1767225601, 0},
          row{"2026-01-01 00:00:01+00", 1767225601, 0}, row{"2026-01-01T00:00:01Z", 1767225601, 0},
          row{"2026-01-01T00:00:01", 1767225601, 0},
          row{"2026-01-01T00:00:01.1234567891234", 1767225601, 123'456'789},
          row{"1969-12-31T23:59:59Z", -1, 0}, row{"2024-02-29T00:00:00Z", 1709164800, 0}}) {
        BOOST_TEST_CONTEXT(each.text) {
            auto got = parse_timestamp(each.text);
            BOOST_REQUIRE(got);
            BOOST_TEST(got->seconds == each.seconds);
            BOOST_TEST(got->nanoseconds == each.nanoseconds);
        }
    }
    for (const char* text :
         {"", "infinity", "-infinity", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
          "2026-01-01T99:00:00Z", "2026-01-01T00:00:00+", "2026-01-01T00:00:00 BC", "0044-03-15T00:00:00 BC",
          "2026-01-01T00:00:00Zx", "+2026-01-01T00:00:00Z", "2026-01-01"})
        BOOST_TEST(!parse_timestamp(text), text);
}

BOOST_AUTO_TEST_CASE(rows_are_sorted_oldest_first) {
    std::vector<pending_site> rows{
        {"no-time-b", "", "", ""},
        {"later", "", "", "2026-01-01T00:00:01.5+00:00"},
        {"zone", "", "", "2026-01-01T02:00:01+02:00"}, // 00:00:01 UTC
        {"b", "", "", "2026-01-01T00:00:01.25+00:00"},
        {"a", "", "", "2026-01-01T00:00:01.250+00:00"},
        {"no-time-a", "", "", "garbage"},
    };
    sort_oldest_first(rows);
    std::string order;
    for (const auto& each : rows)
        order += each.id + ' ';
    BOOST_TEST(order == "zone a b later no-time-a no-time-b ");
}

BOOST_AUTO_TEST_SUITE_END()
