// What another process, which may be at work, keeps in its state folder.
#pragma once

#include "core/records.hpp"
#include "core/result.hpp"

#include <filesystem>
#include <optional>

namespace hosting {

// Reads state.db as of now, and leaves no trace: nothing is made, changed or waited for. Blocks for as long
// as reading takes. nullopt: there is no such file. Failure: memory_unusable.
[[nodiscard]] result<std::optional<memories>> read_store(const std::filesystem::path& state_dir);

} // namespace hosting
