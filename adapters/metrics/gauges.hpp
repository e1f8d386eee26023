// What is not measured as it happens, but as it is now.
#pragma once

#include "adapters/metrics/metrics.hpp"

#include <prometheus/metric_family.h>
#include <vector>

namespace hosting::metrics {

// Made anew each time, so that servers that are gone vanish.
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const service_status& now);
[[nodiscard]] std::vector<prometheus::MetricFamily> families_of(const ssh_counts& ssh);

} // namespace hosting::metrics
