// What `check` says of our own files. Looks only: makes nothing, writes nothing, takes no lock.
#pragma once

#include "daemon/check_report.hpp"
#include "daemon/configuration.hpp"

namespace hosting {

[[nodiscard]] finding check_state_folder(const configuration&);
[[nodiscard]] finding check_known_hosts(const configuration&);

} // namespace hosting
