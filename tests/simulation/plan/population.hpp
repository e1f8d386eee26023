// The people of a run: sites arrive, fail, are asked for again; the faults that will strike are laid out.
#pragma once

#include "tests/simulation/world/world.hpp"

namespace simulation {

class population {
public:
    explicit population(world& w)
        : world_(w) {}

    // Servers, sites and strikes, all put down in the world's time.
    void settle();
    // Nothing bad happens from now on, and what can be mended is.
    void calm_down();

private:
    void add_servers();
    void plan_arrivals();
    void arrive(const std::string& domain);
    void make_sickly(const std::string& id);
    void plan_strikes();
    [[nodiscard]] fault draw_fault();
    // Somebody looks after rows that are done, and asks for some of them again.
    void look_after();
    void ask_again(const std::string& id);

    world& world_;
    bool calm_ = false;
    unsigned next_id_ = 1;
};

} // namespace simulation
