#include "adapters/supabase/row_order.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <numeric>

namespace hosting::supabase {
namespace {

// Reads exactly `digits` digits from the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (error != std::errc{} || end != text.data() + digits || value < 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == any_of.npos) return false;
    text.remove_prefix(1);
    return true;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::uint32_t take_fraction(std::string_view& text) {
    std::uint32_t nanoseconds = 0;
    std::uint32_t unit = 100'000'000;
    for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), unit /= 10)
        nanoseconds += static_cast<std::uint32_t>(text.front() - '0') * unit;
    return nanoseconds;
}

// "", Z, +02, +0200, +02:00, +02:00:30: seconds east of Greenwich.
std::optional<int> take_zone(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return 0;
    int sign = text.front() == '-' ? -1 : 1;
    if (!take(text, "+-")) return std::nullopt;
    int seconds = 0;
    for (int unit : {3600, 60, 1}) {
        auto part = take_number(text, 2);
        if (!part) return std::nullopt;
        seconds += *part * unit;
        if (text.empty()) return sign * seconds;
        take(text, ":");
    }
    return std::nullopt;
}

} // namespace

std::optional<instant> parse_timestamp(std::string_view text) {
    auto year = take_number(text, 4);
    if (!year || !take(text, "-")) return std::nullopt;
    auto month = take_number(text, 2);
    if (!month || !take(text, "-")) return std::nullopt;
    auto day = take_number(text, 2);
    if (!day || !take(text, "T ")) return std::nullopt;
    auto hour = take_number(text, 2);
    if (!hour || !take(text, ":")) return std::nullopt;
    auto minute = take_number(text, 2);
    if (!minute || !take(text, ":")) return std::nullopt;
    auto second = take_number(text, 2);
    if (!second) return std::nullopt;
    instant out;
    if (take(text, ".")) out.nanoseconds = take_fraction(text);
    auto zone = take_zone(text);
    if (!zone) return std::nullopt;

    std::chrono::year_month_day date{std::chrono::year(*year),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 24 || *minute > 59 || *second > 60) return std::nullopt;
    std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    out.seconds = days * 86'400 + *hour * 3600 + *minute * 60 + *second - *zone;
    return out;
}

void sort_oldest_first(std::vector<pending_site>& rows) {
    struct key {
        std::optional<instant> when;
        std::size_t row;
    };
    std::vector<key> keys(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i)
        keys[i] = {parse_timestamp(rows[i].created_at), i};
    std::ranges::sort(keys, [&](const key& a, const key& b) {
        if (a.when.has_value() != b.when.has_value()) return a.when.has_value();
        if (a.when != b.when) return a.when < b.when;
        return rows[a.row].id < rows[b.row].id;
    });
    std::vector<pending_site> sorted;
    sorted.reserve(rows.size());
    for (const key& each : keys)
        sorted.push_back(std::move(rows[each.row]));
    rows = std::move(sorted);
}

} // namespace hosting::supabase
