// Time and chance, brought by the caller: core code reads no clock and throws no dice.
#pragma once

#include <chrono>

namespace hosting {

using steady_time = std::chrono::steady_clock::time_point; // waits inside one life of the program
using wall_time = std::chrono::system_clock::time_point;   // certificates, budgets, what is kept across lives

struct moment {
    steady_time steady;
    wall_time wall;
    double roll = 0.5; // uniform in [0, 1)
};

} // namespace hosting
