// Port: web analytics. Implemented by adapters/matomo.
#pragma once

#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

namespace hosting {

// Every call may be made from any executor and resumes on the caller's. Failures are matomo_*.
class analytics {
public:
    virtual ~analytics() = default;

    // The id of the site registered for this domain (lowercase ASCII), looked up and confirmed; nullopt:
    // none.
    virtual boost::asio::awaitable<result<std::optional<std::int64_t>>> find(std::string domain) = 0;

    // The same, registering the site where there is none. Never makes a second one: after an unknown outcome
    // it looks again, gives the lost call time, and looks once more before it adds; what a call of an earlier
    // life left half made is found and completed. May take minutes.
    virtual boost::asio::awaitable<result<std::int64_t>> ensure(std::string domain) = 0;
};

} // namespace hosting
