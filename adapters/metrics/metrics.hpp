// What is measured, in Prometheus' text format.
#pragma once

#include "core/ports/meter.hpp"
#include "core/status.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hosting::metrics {

// The SSH sessions, as the pool counts them.
struct ssh_counts {
    std::uint64_t connects = 0; // since the start
    std::size_t connecting = 0;
    std::size_t connected = 0;
};

inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

class figures : public meter {
public:
    // All metrics of the contract: what was measured since the start, and the two values as they are now.
    // Servers go by their names; where several share one, by name and id. Thread-safe.
    [[nodiscard]] virtual std::string text(const service_status& now, const ssh_counts& ssh) const = 0;
};

[[nodiscard]] std::unique_ptr<figures> make_figures();

} // namespace hosting::metrics
