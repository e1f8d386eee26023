// One command on its way through a session, and how it ended.
#pragma once

#include "adapters/ssh/bounded_output.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace hosting::ssh {

using steady_time = std::chrono::steady_clock::time_point;

struct outcome {
    enum class kind {
        exited,      // closed cleanly; `status` is its exit status
        signalled,   // closed cleanly; `signal` ended it
        not_started, // certainly not run
        unknown,     // it may have run
    };
    kind what = kind::unknown;
    int status = 0;
    std::string signal;           // without "SIG"
    std::string detail;           // why it is not_started or unknown, for people
    bool connection_lost = false; // not_started only: another connection may do better
};

// Belongs to the strand of its session. `ended` is called once, from within multiplexer calls: it must only
// note the fact, never call back. From then on the multiplexer no longer touches the operation.
class operation {
public:
    operation(std::shared_ptr<const std::string> command_text, steady_time deadline,
              std::size_t output_limit_bytes)
        : text(std::move(command_text))
        , give_up_at(deadline)
        , out(output_limit_bytes)
        , err(output_limit_bytes) {}
    virtual ~operation() = default;
    operation(const operation&) = delete;
    operation& operator=(const operation&) = delete;

    virtual void ended() = 0;

    const std::shared_ptr<const std::string> text;
    const steady_time give_up_at;
    bounded_output out;
    bounded_output err;
    std::optional<outcome> end;
};

} // namespace hosting::ssh
