// What the endpoint says of the program. Pure.
#pragma once

#include "core/status.hpp"
#include "daemon/endpoint/message.hpp"

#include <string_view>

namespace hosting::endpoint {

// JSON; always 200, whatever it says.
[[nodiscard]] answer status_answer(const service_status& now, std::string_view version);

// 503 where the control loop hangs.
[[nodiscard]] answer alive_answer(const service_status& now);

// 503 until the first poll was answered, while Supabase is away, and when the program ends. Kubernetes' form:
// "ok", or a line for each check.
[[nodiscard]] answer ready_answer(const service_status& now, bool verbose);

} // namespace hosting::endpoint
