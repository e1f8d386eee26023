// The milestones that have a MESSAGE_ID: constant for ever, since scripts and the journal's catalog
// (packaging/systemd/hosting-automator.catalog) go by it.
#pragma once

#include "core/ports/log.hpp"

#include <array>
#include <string_view>

namespace hosting {

enum class event {
    started,              // the program runs
    stopping,             // it was told to stop
    site_active,          // a site came up
    site_failed,          // a site ended as failed
    site_retry,           // a site is tried again later
    server_unreachable,   // a server cannot be used, its sites wait
    server_back,          // and can be used again
    server_parked,        // a server needs a person, its sites fail
    supabase_unreachable, // Supabase cannot be used
    supabase_back,        // and can be used again
    matomo_unavailable,   // Matomo cannot be used, sites come up without it
    row_changed,          // the Hub changed a row while we worked on it
    budget_reached,       // no more certificates are ordered from a server for now
    reloaded,             // the configuration was reloaded
    reload_refused,       // it was not, since it is wrong
};

struct event_id {
    event what;
    std::string_view id; // 128 bits, in lower case hex digits
};
inline constexpr std::array event_ids{
    event_id{event::started, "a49148adf31843c882893d5d87caf2fb"},
    event_id{event::stopping, "7ec540e67c7b4c61a92556353d91cb49"},
    event_id{event::site_active, "c3506de2b4b44a5abca5e067a6ea0a14"},
    event_id{event::site_failed, "ec2499f774a84282b73a157adcb14bcf"},
    event_id{event::site_retry, "983fdc7ad2e34b6b9505feb23140347b"},
    event_id{event::server_unreachable, "2bac322e857d4d1c8314da396ae44b31"},
    event_id{event::server_back, "3f8507b9900b43c58feb2866e19d6b69"},
    event_id{event::server_parked, "901918236c1c40a28dae0e6e242fa0e6"},
    event_id{event::supabase_unreachable, "860d43840c2b4433b258cf786496bbc1"},
    event_id{event::supabase_back, "86ea7d4656d34c37b3adb669a4d75a14"},
    event_id{event::matomo_unavailable, "3b57abb5e50b4ac7a673ddd5f6636410"},
    event_id{event::row_changed, "77992943bf504d61b4fc75fc921baa05"},
    event_id{event::budget_reached, "d17c0bfe48914c7381bac1b15061c9f1"},
    event_id{event::reloaded, "ce38228d2e904545953180a55c96420d"},
    event_id{event::reload_refused, "8f60ac79c9d54609a4ebe21489624358"},
};

// The field of a line that tells of such a milestone.
[[nodiscard]] inline log_field about(event what) {
    return {"MESSAGE_ID", std::string(event_ids.at(static_cast<std::size_t>(what)).id)};
}

} // namespace hosting
