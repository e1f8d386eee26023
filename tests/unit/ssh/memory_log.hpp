// A log that keeps its lines.
#pragma once

#include "core/ports/log.hpp"

#include <array>
#include <mutex>
#include <string>
#include <vector>

namespace hosting::test {

class memory_log final : public hosting::log {
public:
    using hosting::log::write;
    [[nodiscard]] bool enabled(log_level) const noexcept override { return true; }

    void write(log_level level, std::string_view message, std::span<const log_field>) override {
        constexpr std::array names{"debug ", "info ", "warning ", "error "};
        const std::lock_guard lock(mutex_);
        lines_.push_back(names.at(static_cast<std::size_t>(level)) + std::string(message));
    }

    [[nodiscard]] std::vector<std::string> lines() const { // "warning ..."
        const std::lock_guard lock(mutex_);
        return lines_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::string> lines_;
};

} // namespace hosting::test
