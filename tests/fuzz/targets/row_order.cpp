// Timestamps of rows, one a line.
#include "adapters/supabase/row_order.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace hosting::fuzz {
namespace {

using namespace hosting::supabase;

constexpr std::int64_t day = 86'400;

std::string utc(const instant& when) {
    const auto days =
        std::chrono::floor<std::chrono::days>(std::chrono::sys_seconds(std::chrono::seconds(when.seconds)));
    const std::chrono::year_month_day date(days);
    const auto second = when.seconds - std::chrono::sys_seconds(days).time_since_epoch().count();
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09uZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(second / 3600), static_cast<int>(second / 60 % 60),
                  static_cast<int>(second % 60), when.nanoseconds);
    return text;
}

void check_timestamp(std::string_view text) {
    const auto when = parse_timestamp(text);
    if (!when) return;
    must(when->nanoseconds < 1'000'000'000, "a fraction is less than a second", text);
    must(when->seconds > -720'000 * day && when->seconds < 2'940'000 * day, "a year has four digits", text);
    const auto written = utc(*when);
    if (written.starts_with('-') || written.find('-') != 4) return; // before the year 0, after 9999
    must(parse_timestamp(written) == when, "a timestamp survives being written", written);
}

bool same_row(const pending_site& a, const pending_site& b) {
    return a.id == b.id && a.created_at == b.created_at;
}

} // namespace

void check(std::string_view input) {
    std::vector<pending_site> rows;
    while (!input.empty() && rows.size() < 100) {
        const auto line = take_line(input);
        check_timestamp(line);
        rows.push_back({std::to_string(rows.size() * 37 % 101), {}, {}, std::string(line)});
    }
    const auto before = rows;
    sort_oldest_first(rows);
    must(std::ranges::is_permutation(rows, before, same_row), "sorting loses and repeats no row");
    for (std::size_t i = 1; i < rows.size(); ++i) {
        const auto earlier = parse_timestamp(rows[i - 1].created_at);
        const auto later = parse_timestamp(rows[i].created_at);
        must(!later || (earlier && *earlier <= *later), "rows stand oldest first, the unreadable ones last");
        must(earlier != later || rows[i - 1].id < rows[i].id, "rows of one instant stand by id");
    }
}

} // namespace hosting::fuzz
