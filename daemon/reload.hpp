// What SIGHUP changes.
#pragma once

#include "daemon/configuration.hpp"

#include <string>
#include <vector>

namespace hosting {

struct reload_result {
    configuration value; // that is in force from now on
    std::vector<std::string>
        mistakes; // not empty: all of what was read is refused, and `value` is the old one

    // Keys by name ("retry.max_attempts"), never with a value: some are secret.
    std::vector<std::string> taken;      // changed, and in `value`
    std::vector<std::string> at_restart; // changed, and not before the next start: `value` has the old one
};

// Pure: whoever calls it reads the file, and brings `value` to the parts that go by it.
[[nodiscard]] reload_result reload(const configuration& running, loaded_configuration loaded);

} // namespace hosting
