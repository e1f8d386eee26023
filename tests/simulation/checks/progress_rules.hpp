// That work gets done: nobody starves, nobody is forgotten, and in the end nothing moves.
#pragma once

#include "tests/simulation/world/world.hpp"

namespace simulation {

class progress_rules {
public:
    explicit progress_rules(world& w)
        : world_(w) {}

    void daemon_began() { daemon_since_ = world_.now.time.now(); }
    void daemon_ended() { daemon_since_.reset(); }

    // From time to time: a site whose server is well, and that nothing was done for yet, must be begun soon.
    void look_for_starved();
    // After the calm.
    void look_for_unfinished();

private:
    [[nodiscard]] steady_time well_since(const std::string& address) const;

    world& world_;
    std::optional<steady_time> daemon_since_;
};

} // namespace simulation
