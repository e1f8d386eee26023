// The kinds of faults, and what is counted of them.
#pragma once

#include "core/model.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace simulation {

enum class fault : std::uint8_t {
    // Of one call; each stage has its own form of it.
    unreachable, // no connection can be made
    no_room,     // the other side takes no more: no channel, 429, 503
    lost_before, // the request is lost on its way
    lost_after,  // it is done, but the reply is lost
    overrun,     // it takes longer than its caller or its own limit allows, and may be done all the same
    fails,       // the site's own failure
    refused,     // for good
    odd_answer,  // what no page describes; or success without effect
    slow,        // nearly as long as is allowed

    // Of a server
    server_cut,      // unreachable for a while; what runs on it goes on
    server_reboots,  // what runs on it dies
    database_locked, // the panel's
    no_suffix_list,
    disk_full,
    panel_broken,
    lock_held, // by somebody else
    clpctl_missing,
    no_privilege,
    key_refused,
    host_key_changed,

    // Of what all share
    supabase_down,
    supabase_refuses,
    matomo_down,
    matomo_refuses,
    resolver_silent,
    acme_refuses, // 429 for reasons of its own

    // Of one name
    no_address,
    not_validated,

    // Of the daemon and its machine
    killed,
    stopped,
    reloaded,
    memory_lost,
    memory_fails,
    clock_forward,
    clock_back,

    // The Hub's doing
    row_deleted,
    row_failed,
    row_active,
    row_again, // not pending, and then pending again
    row_renamed,
    row_moved,
    server_paused,
    server_readdressed,
    server_rekeyed,

    // Somebody else's at work on the server
    other_hand,

    // Of one daemon of several
    frozen,       // SIGSTOP: it goes on later, and late
    database_cut, // it cannot reach Supabase; the others can
    link_cut,     // it cannot reach one of the servers; the others can
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(fault::link_cut) + 1;
inline constexpr std::size_t faults_of_one = static_cast<std::size_t>(fault::other_hand) + 1;
[[nodiscard]] std::string_view to_string(fault f) noexcept;
// Whether it can happen where so many daemons are.
[[nodiscard]] constexpr bool can_happen(fault f, std::size_t daemons) noexcept {
    return daemons > 1 ? f != fault::memory_fails : static_cast<std::size_t>(f) < faults_of_one;
}
[[nodiscard]] constexpr bool is_of_call(fault f) noexcept { return f <= fault::slow; }

// How often each kind came, and how often a site met it in each stage: was in a call of that stage which the
// fault struck, or during which it was in force.
class fault_counts {
public:
    void came(fault f) noexcept { ++came_[index(f)]; }
    void met(fault f, hosting::stage s) noexcept { ++met_[index(f)][static_cast<std::size_t>(s)]; }
    void add(const fault_counts& other) noexcept;

    [[nodiscard]] std::uint64_t times(fault f) const noexcept { return came_[index(f)]; }
    [[nodiscard]] std::uint64_t times(fault f, hosting::stage s) const noexcept {
        return met_[index(f)][static_cast<std::size_t>(s)];
    }
    [[nodiscard]] std::uint64_t all() const noexcept;

private:
    static constexpr std::size_t index(fault f) noexcept { return static_cast<std::size_t>(f); }
    std::array<std::uint64_t, fault_count> came_{};
    std::array<std::array<std::uint64_t, hosting::stage_count>, fault_count> met_{};
};

} // namespace simulation
