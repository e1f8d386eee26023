// The file itself, before SQLite opens it and after it failed.
#pragma once

#include "core/moment.hpp"

#include <filesystem>
#include <string>
#include <system_error>

namespace hosting::store {

// Makes what is missing, for our own user alone. Says nothing of failures: opening the file will.
void make_private(const std::filesystem::path& file) noexcept;

// Renames the file and what SQLite keeps beside it to FILE.corrupt-20260131T235959Z; the oldest go when there
// are too many. The new name.
[[nodiscard]] std::string put_aside(const std::filesystem::path& file, wall_time now,
                                    std::error_code& failed);

// What SQLite keeps beside a file that is gone.
void remove_what_is_beside(const std::filesystem::path& file) noexcept;

} // namespace hosting::store
