// What `check` found out, and how it is shown. Pure.
#pragma once

#include "core/errors.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hosting {

struct finding {
    enum class state {
        ok,
        note,   // works, but somebody may want to know
        paused, // by its row; not tried
        wrong   // somebody must act
    };
    std::string part; // what was tried: "Supabase", "server alpha"
    state how = state::ok;
    std::string what; // one sentence without a final stop
    std::string who;  // who must act, and on what; empty: nobody
};

// Wrong, by a failure. `who`: if it is not what the cause's table says.
[[nodiscard]] finding trouble(std::string part, const failure& why, std::string_view who = {});

[[nodiscard]] bool all_is_well(const std::vector<finding>&);

// A table for people: PART, STATE, WHAT, and below that, behind an arrow, who must act. One line of summary
// at its end. Harmless to a terminal whatever the findings hold.
[[nodiscard]] std::string report_text(const std::vector<finding>&);

// {"result": "ok" or "wrong", "checks": [{"part", "state", "what", "who"}, ...]} on one line.
[[nodiscard]] std::string report_json(const std::vector<finding>&);

} // namespace hosting
