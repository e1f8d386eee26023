// Whether Supabase can be used, by what came of the polls; and what is said about it. Pure.
#pragma once

#include "core/errors.hpp"
#include "core/moment.hpp"
#include "core/ports/log.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace hosting {

class supabase_watch {
public:
    struct line {
        log_level level = log_level::warning;
        std::string text;
    };

    [[nodiscard]] bool is_away() const noexcept { return since_.has_value(); }
    [[nodiscard]] steady_time next_poll() const noexcept { return next_poll_; }

    // A poll failed. The pauses double from `interval` to a minute. One line for each cause; what a person
    // must mend is an error only when it lasts, since Supabase refuses good keys for seconds at times.
    [[nodiscard]] std::optional<line> failed(const failure& why, std::chrono::milliseconds interval,
                                             const moment& now);

    // A poll was answered.
    [[nodiscard]] std::optional<line> answered(const moment& now);

private:
    std::optional<steady_time> since_;
    errc because_ = errc::internal;
    bool called_error_ = false;
    std::chrono::milliseconds pause_{};
    steady_time next_poll_;
};

} // namespace hosting
