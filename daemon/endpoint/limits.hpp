// What one client may take of the program.
#pragma once

#include <chrono>
#include <cstddef>

namespace hosting::endpoint {

struct limits {
    std::size_t header_bytes = 8 * 1024;
    std::size_t body_bytes = 16 * 1024;
    // From connecting, or from a later request's first byte, to its last: slow clients are cut off.
    std::chrono::milliseconds request{10'000};
    std::chrono::milliseconds idle{30'000};   // between two requests
    std::chrono::milliseconds answer{10'000}; // until the client has taken all of it
    // After the last answer: what still comes is read for so long, and so much of it, so that the client
    // sees the answer and no reset connection.
    std::chrono::milliseconds parting{2'000};
    std::size_t parting_bytes = 16 * 1024 * 1024;
    // When there is one more, the client that has kept us waiting for the longest time is sent away: a probe
    // gets through, whoever holds all the others.
    std::size_t connections = 64;

    std::chrono::milliseconds listen_again{30'000};     // where the port was taken
    std::chrono::milliseconds between_warnings{60'000}; // of refused calls
};

} // namespace hosting::endpoint
