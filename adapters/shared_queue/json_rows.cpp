#include "adapters/shared_queue/json_rows.hpp"

#include <boost/json/value.hpp>
#include <limits>

namespace hosting::shared_queue {
namespace {

using limits = std::numeric_limits<std::int64_t>;

std::int64_t sum(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t out = 0;
    if (!__builtin_add_overflow(a, b, &out)) return out;
    return a < 0 ? limits::min() : limits::max();
}

std::int64_t difference(std::int64_t a, std::int64_t b) noexcept {
    std::int64_t out = 0;
    if (!__builtin_sub_overflow(a, b, &out)) return out;
    return a < 0 ? limits::min() : limits::max();
}

} // namespace

clock_difference clock_difference::between(std::int64_t theirs, wall_time ours) noexcept {
    return {std::chrono::milliseconds(difference(theirs, records::to_ms(ours)))};
}

// The end of time is the same everywhere.
std::int64_t clock_difference::theirs(wall_time ours) const noexcept {
    const auto ms = records::to_ms(ours);
    return ours == wall_time::max() ? ms : sum(ms, ahead.count());
}

wall_time clock_difference::ours(std::int64_t theirs) const noexcept {
    const wall_time when = records::from_ms(theirs);
    return when == wall_time::max() ? when : records::from_ms(difference(theirs, ahead.count()));
}

void reading_row::operator()(const char* name, std::string& value) const {
    const json::value* found = from_.if_contains(name);
    if (found && found->is_string()) value = found->get_string();
}

void reading_row::operator()(const char* name, wall_time& value) const {
    const json::value* found = from_.if_contains(name);
    if (!found) return;
    if (const auto ms = whole_number(*found)) value = clocks_.ours(*ms);
}

std::optional<std::int64_t> reading_row::whole_number(const json::value& found) {
    if (found.is_int64()) return found.get_int64();
    if (found.is_uint64() && std::in_range<std::int64_t>(found.get_uint64()))
        return static_cast<std::int64_t>(found.get_uint64());
    return std::nullopt;
}

} // namespace hosting::shared_queue
