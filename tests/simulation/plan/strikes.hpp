// Faults that wait for a call of a certain stage, so that every kind meets every stage.
#pragma once

#include "tests/simulation/world/scene.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace simulation {

struct strike {
    fault what;
    hosting::stage aim;
    steady_time not_before;
};

class strikes {
public:
    void add(strike s) { waiting_.push_back(s); }

    // The one that a call of this stage draws upon itself now.
    std::optional<strike> take(hosting::stage at, steady_time now) {
        const auto found = std::ranges::find_if(
            waiting_, [&](const strike& s) { return s.aim == at && s.not_before <= now; });
        if (found == waiting_.end()) return std::nullopt;
        const strike taken = *found;
        waiting_.erase(found);
        return taken;
    }

    void give_up() { waiting_.clear(); }

private:
    std::vector<strike> waiting_;
};

} // namespace simulation
