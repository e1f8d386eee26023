// The tables, and how older ones become these.
#pragma once

#include "adapters/store/sqlite.hpp"

#include <span>

namespace hosting::store {

// The n-th (from 0) makes version n + 1 out of version n; what a version once did is never changed.
[[nodiscard]] std::span<const char* const> migrations() noexcept;

// Written by a version of this program that knows more steps.
[[nodiscard]] bool is_newer(sqlite::connection&, std::span<const char* const> steps = migrations());

// Brings a file that is not newer to the last of `steps`, each in a transaction of its own. Throws
// sqlite::error.
void migrate(sqlite::connection&, std::span<const char* const> steps = migrations());

} // namespace hosting::store
