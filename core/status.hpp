// What the program is doing, for people and machines that ask. Plain values.
#pragma once

#include "core/errors.hpp"
#include "core/moment.hpp"
#include "core/scheduler.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

struct server_status {
    std::string id;
    std::string name; // as the journal calls it
    bool paused = false;
    std::optional<errc> cause;        // why it cannot be used
    std::size_t orders_remaining = 0; // certificates, in the present window
};

struct service_status {
    scheduler_counts sites;
    std::uint64_t active = 0; // since the start
    std::uint64_t failed = 0;
    bool stopping = false;
    bool supabase_away = false;
    std::optional<wall_time> last_poll;    // that was answered
    std::optional<wall_time> last_success; // a site that became active
    // For how long the oldest row that is not done is known to wait.
    std::chrono::milliseconds oldest_pending{};
    std::vector<server_status> servers; // as last read
    // How far the control loop is behind what was due: far means that it hangs.
    std::chrono::milliseconds late{};
};

} // namespace hosting
