// Progress as it is kept across lives, and as it is worked with.
#pragma once

#include "core/progress.hpp"
#include "core/retry.hpp"
#include "core/wall_steady.hpp"

namespace hosting {

[[nodiscard]] progress_in<wall_time> to_wall(const site_progress& p, const moment& now);
[[nodiscard]] site_progress to_steady(const progress_in<wall_time>& p, const moment& now);

// The longest that a site with this progress can have been told to wait.
[[nodiscard]] std::chrono::milliseconds longest_wait(const retry_policy& policy,
                                                     const progress_in<wall_time>& p) noexcept;

} // namespace hosting
