// The order in which pending rows are worked on.
#pragma once

#include "core/model.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hosting::supabase {

struct instant {
    std::int64_t seconds = 0; // since 1970, UTC
    std::uint32_t nanoseconds = 0;
    friend auto operator<=>(const instant&, const instant&) = default;
};

// PostgreSQL's timestamps in JSON: 2026-01-01T00:00:01.5+00:00, with a fraction of any length and any zone,
// or none (then UTC). nullopt for anything else, 'infinity' included.
[[nodiscard]] std::optional<instant> parse_timestamp(std::string_view text);

// By created_at; rows without a readable one behind the others; rows of one instant by id.
void sort_oldest_first(std::vector<pending_site>& rows);

} // namespace hosting::supabase
