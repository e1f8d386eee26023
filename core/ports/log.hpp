// Port: the log. Implemented in daemon/; one line of the log is one event, reported by the layer that
// decides.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hosting {

// error: the service cannot do its job; warning: an operator should look; info: a milestone; debug: the rest.
enum class log_level { debug, info, warning, error };

// A journal field: SITE_ID, DOMAIN, SERVER, STAGE, ATTEMPT, ERROR_CODE, MESSAGE_ID (core/events.hpp).
struct log_field {
    std::string_view key;
    std::string value;
};

// Thread-safe. Lines below the configured level are dropped; `enabled` saves making them.
class log {
public:
    virtual ~log() = default;
    [[nodiscard]] virtual bool enabled(log_level level) const noexcept = 0;
    virtual void write(log_level level, std::string_view message, std::span<const log_field> fields) = 0;

    void write(log_level level, std::string_view message, std::initializer_list<log_field> fields = {}) {
        write(level, message, std::span<const log_field>(fields.begin(), fields.size()));
    }
};

} // namespace hosting
