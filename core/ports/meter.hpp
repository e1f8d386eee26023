// Port: what is measured as it happens. Implemented by adapters/metrics.
#pragma once

#include "core/errors.hpp"
#include "core/model.hpp"

#include <chrono>
#include <optional>

namespace hosting {

// Thread-safe; none of it blocks.
class meter {
public:
    virtual ~meter() = default;

    // A stage's step was tried, from its look at the server or its request to the answer; not the wait for
    // its turn. `why_not`: it failed.
    virtual void stage_ended(stage which, std::chrono::steady_clock::duration took,
                             std::optional<errc> why_not) = 0;
    virtual void poll_ended(bool answered) = 0;
};

} // namespace hosting
