// Between the wall times that are kept and the steady times that are waited for.
//
// The wall clock may have been set in between: what should lie in the past never lies ahead, and what should
// lie ahead never lies further than it possibly can. Such a time counts as now.
#pragma once

#include "core/moment.hpp"

#include <chrono>

namespace hosting {

[[nodiscard]] inline wall_time to_wall(steady_time when, const moment& now) {
    return now.wall + std::chrono::duration_cast<wall_time::duration>(when - now.steady);
}

[[nodiscard]] inline steady_time steady_past(wall_time when, const moment& now) {
    return when >= now.wall ? now.steady
                            : now.steady - std::chrono::duration_cast<steady_time::duration>(now.wall - when);
}

[[nodiscard]] inline steady_time steady_future(wall_time when, const moment& now,
                                               std::chrono::milliseconds longest) {
    if (when <= now.wall || when > now.wall + longest) return now.steady;
    return now.steady + std::chrono::duration_cast<steady_time::duration>(when - now.wall);
}

} // namespace hosting
