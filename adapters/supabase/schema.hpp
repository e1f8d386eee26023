// Which columns this Hub has. Older schemas lack some that we can do without; PostgREST refuses any request
// that names one.
#pragma once

#include "adapters/http/client.hpp"

#include <atomic>
#include <chrono>
#include <string_view>

namespace hosting::supabase {

enum class optional_column : unsigned {
    sites_server_id,
    sites_created_at,
    servers_name,
    servers_ssh_port,
    servers_ssh_user,
    servers_is_active
};

// A set of columns that are missing.
struct columns {
    unsigned missing = 0;
    [[nodiscard]] bool has(optional_column which) const noexcept {
        return (missing >> static_cast<unsigned>(which) & 1U) == 0;
    }
};

// What was learned so far. All columns are thought to exist until an answer says otherwise, and again after
// ten minutes, since a Hub that is updated gets them. Thread-safe.
class schema_memory {
public:
    using time_point = std::chrono::steady_clock::time_point;

    [[nodiscard]] columns known(time_point now);

    // True when the answer says that a column which `used` counted on is missing: ask again without it.
    bool learn(std::string_view table, const http::response& answer, columns used, time_point now);

private:
    std::atomic<unsigned> missing_{0};
    std::atomic<time_point> learned_at_{time_point()};
};

} // namespace hosting::supabase
