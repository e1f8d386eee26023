// A meter that measures nothing.
#pragma once

#include "core/ports/meter.hpp"

namespace tests {

class silent_meter final : public hosting::meter {
public:
    void stage_ended(hosting::stage, std::chrono::steady_clock::duration,
                     std::optional<hosting::errc>) override {}
    void poll_ended(bool) override {}
};

} // namespace tests
