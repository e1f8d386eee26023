// One run: a world, the lives of the daemon in it, and a verdict.
#pragma once

#include "tests/simulation/settings.hpp"
#include "tests/simulation/world/scene.hpp"

#include <optional>

namespace simulation {

struct run_result {
    std::uint64_t seed = 0;
    std::optional<violation> broken;
    fault_counts counts;
    std::uint64_t hash = 0; // of everything that happened
    std::uint64_t events = 0;
    unsigned lives = 0;
    std::size_t active = 0; // rows, in the end
    std::size_t failed = 0;
};

[[nodiscard]] run_result run(const run_settings& settings);

} // namespace simulation
