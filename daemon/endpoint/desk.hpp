// Answers requests.
#pragma once

#include "daemon/endpoint/endpoint.hpp"
#include "daemon/endpoint/message.hpp"
#include "daemon/endpoint/process_call.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>

namespace hosting::endpoint {

// Not thread-safe: all on one strand.
class desk {
public:
    desk(const settings& s, surroundings around);

    // `peer`: the client's address, for the log. Throws only what the program's own faults throw.
    boost::asio::awaitable<answer> answer_to(request what, std::string peer);

private:
    [[nodiscard]] answer process(std::string_view body, const service_status& now, const std::string& peer);
    void warn(const answer& refused, const std::string& peer);

    const gate gate_;
    const std::string version_;
    const std::chrono::milliseconds between_warnings_;
    const surroundings around_;
    std::optional<std::chrono::steady_clock::time_point> warned_;
};

} // namespace hosting::endpoint
