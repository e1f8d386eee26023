// One client's connection.
#pragma once

#include "daemon/endpoint/desk.hpp"
#include "daemon/endpoint/limits.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <memory>
#include <optional>

namespace hosting::endpoint {

// Not thread-safe: all calls, and all that runs inside, on the socket's executor, which must be a strand.
class session {
public:
    virtual ~session() = default;

    // Serves until the client or a limit ends it, or close() was called.
    virtual boost::asio::awaitable<void> run() = 0;

    // Since when the client keeps us waiting, for its request or for taking the answer; nullopt: it does not.
    [[nodiscard]] virtual std::optional<std::chrono::steady_clock::time_point> waits_since() const = 0;

    virtual void close() = 0;
};

// `answers` and `journal` must outlive run().
[[nodiscard]] std::shared_ptr<session> make_session(boost::asio::ip::tcp::socket socket, const limits& bounds,
                                                    desk& answers, log& journal);

} // namespace hosting::endpoint
