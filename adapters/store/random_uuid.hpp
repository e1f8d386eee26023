#pragma once

#include <string>

namespace hosting::store {

// Version 4 of RFC 9562, in lower case.
[[nodiscard]] std::string random_uuid();

} // namespace hosting::store
