// Which server a site belongs on.
#pragma once

#include "core/model.hpp"
#include "core/result.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hosting {

// The server that the row names; without one `default_server` (an id or a name); without that the only active
// server. Failures: server_unknown (no such row, or no usable address), server_ambiguous. A paused server is
// chosen all the same: its sites wait.
[[nodiscard]] result<server> choose_server(const std::optional<std::string>& server_id,
                                           std::span<const server> servers, std::string_view default_server);

} // namespace hosting
