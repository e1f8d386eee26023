#include "tests/simulation/plan/faults.hpp"

#include <numeric>

namespace simulation {

std::string_view to_string(fault f) noexcept {
    switch (f) {
    case fault::unreachable: return "unreachable";
    case fault::no_room: return "no room";
    case fault::lost_before: return "request lost";
    case fault::lost_after: return "reply lost";
    case fault::overrun: return "overrun";
    case fault::fails: return "fails";
    case fault::refused: return "refused";
    case fault::odd_answer: return "odd answer";
    case fault::slow: return "slow";
    case fault::server_cut: return "server cut off";
    case fault::server_reboots: return "server reboots";
    case fault::database_locked: return "database locked";
    case fault::no_suffix_list: return "no suffix list";
    case fault::disk_full: return "disk full";
    case fault::panel_broken: return "panel broken";
    case fault::lock_held: return "lock held";
    case fault::clpctl_missing: return "clpctl missing";
    case fault::no_privilege: return "no privilege";
    case fault::key_refused: return "key refused";
    case fault::host_key_changed: return "host key changed";
    case fault::supabase_down: return "Supabase down";
    case fault::supabase_refuses: return "Supabase refuses";
    case fault::matomo_down: return "Matomo down";
    case fault::matomo_refuses: return "Matomo refuses";
    case fault::resolver_silent: return "resolver silent";
    case fault::acme_refuses: return "ACME refuses";
    case fault::no_address: return "no address";
    case fault::not_validated: return "not validated";
    case fault::killed: return "killed";
    case fault::stopped: return "stopped";
    case fault::reloaded: return "reloaded";
    case fault::memory_lost: return "memory lost";
    case fault::memory_fails: return "memory fails";
    case fault::clock_forward: return "clock forward";
    case fault::clock_back: return "clock back";
    case fault::row_deleted: return "row deleted";
    case fault::row_failed: return "row set failed";
    case fault::row_active: return "row set active";
    case fault::row_again: return "row set pending again";
    case fault::row_renamed: return "row's domain edited";
    case fault::row_moved: return "row's server changed";
    case fault::server_paused: return "server paused";
    case fault::server_readdressed: return "server's address edited";
    case fault::server_rekeyed: return "server's key edited";
    case fault::other_hand: return "another hand";
    case fault::frozen: return "frozen";
    case fault::database_cut: return "cut off Supabase";
    case fault::link_cut: return "cut off a server";
    }
    return "?";
}

void fault_counts::add(const fault_counts& other) noexcept {
    for (std::size_t f = 0; f < fault_count; ++f) {
        came_[f] += other.came_[f];
        for (std::size_t s = 0; s < hosting::stage_count; ++s)
            met_[f][s] += other.met_[f][s];
    }
}

std::uint64_t fault_counts::all() const noexcept {
    return std::accumulate(came_.begin(), came_.end(), std::uint64_t{0});
}

} // namespace simulation
