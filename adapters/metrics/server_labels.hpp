// What servers are called in the label `server`.
#pragma once

#include "core/status.hpp"

#include <string>
#include <vector>

namespace hosting::metrics {

// One for each server, in their order, no two alike: the name, or name and id where several share a name.
[[nodiscard]] std::vector<std::string> server_labels(const std::vector<server_status>& servers);

} // namespace hosting::metrics
