// What a run is made of.
#pragma once

#include "core/dispatcher.hpp"
#include "tests/simulation/dice.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace simulation {

// The rules that are broken on purpose, to prove that they are missed. Each in a decorator of a port, in the
// settings, or in the world: the product has no hook for it.
enum class broken_rule : std::uint8_t {
    none,
    no_lock,                 // scripts on the servers do not wait for each other
    no_look,                 // scripts act without looking at what is there
    unconditional_write,     // the row is written whatever it says by now
    outcome_dropped,         // a write that Supabase did not take counts as written
    snooze_costs,            // the panel's trouble counts as the site's
    memory_forgotten,        // a restart begins with an empty memory
    good_certificate_unseen, // what is installed is not told
    budget_ignored,          // orders_per_server_per_3h is set to no limit
    added_without_lookup,    // Matomo is told to add whatever it has
    keys_hammered,           // a server that refused the key is tried again at once
    pause_ignored,           // servers look active, whatever their rows say
    order_not_recorded,      // orders are not written down
    outage_everybodys,       // one server's outage is told of all
    // Where several daemons share the rows
    no_fence,               // servers do whatever a daemon asks whose lease is another's by now
    lease_unchecked,        // a daemon goes on whether or not its lease has ended
    row_handed_out_twice,   // a claim gives a row that somebody has
    order_conflict_ignored, // an order is kept, whatever others have ordered in between
    finish_without_token,   // whoever had a row writes it
};
inline constexpr std::size_t broken_rule_count =
    static_cast<std::size_t>(broken_rule::finish_without_token) + 1;
[[nodiscard]] constexpr bool is_of_sharing(broken_rule r) noexcept { return r >= broken_rule::no_fence; }
[[nodiscard]] std::string_view to_string(broken_rule r) noexcept;
[[nodiscard]] broken_rule broken_rule_named(std::string_view name); // throws std::invalid_argument

struct run_settings {
    std::uint64_t seed = 1;
    bool shown = false;          // print the trace
    std::set<std::string> muted; // rules whose violations are told in the trace alone
    broken_rule broken = broken_rule::none;

    std::size_t daemons = 1; // more than one share a queue
    std::vector<std::chrono::milliseconds> clocks_ahead{std::chrono::milliseconds(0)}; // theirs
    std::chrono::milliseconds database_ahead{};                                        // its clock
    std::chrono::milliseconds lease{};
    std::size_t sites = 50;
    std::size_t servers = 4;
    std::size_t strikes = 40; // faults that are aimed at a call
    std::chrono::milliseconds chaos{};
    std::chrono::milliseconds calm{}; // after it, until everything must have come to its end
    std::size_t page_size = 200;      // that the daemon asks Supabase for
    std::size_t max_rows = 1'000;     // that Supabase gives at most, silently

    // What the daemon is told, and what is expected of it: the same, unless a rule is broken there.
    hosting::dispatcher_settings told;
    hosting::dispatcher_settings promised;
};

// Breaks the rule in what the daemon is told, or has it broken where it belongs.
void break_rule(run_settings& s, broken_rule which);

// Everything about a run is chosen by its seed. `daemons`: so many; 0: from two to four.
[[nodiscard]] run_settings settings_for(std::uint64_t seed, std::size_t daemons);

} // namespace simulation
