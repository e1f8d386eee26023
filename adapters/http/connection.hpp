// One connection to one origin, over TCP or TLS.
#pragma once

#include "adapters/http/client.hpp"

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio::ssl {
class context;
}

namespace hosting::http {

// What became of one request on a connection.
struct attempt {
    std::optional<response> answer; // nullopt: `why` says why not
    bool reusable = false;          // the connection may carry another exchange
    std::size_t bytes_sent = 0;     // of the request, as handed to the transport
    std::size_t bytes_received = 0; // of the answer
    bool timed_out = false;
    std::string why; // half a sentence, to follow "host:port: "
};

// Not thread-safe: all calls, and all that runs inside, on the executor given, which must be a strand.
class connection {
public:
    using time_point = std::chrono::steady_clock::time_point;

    virtual ~connection() = default;

    // Tries the addresses in their order, then makes the TLS handshake. nullopt: open.
    virtual boost::asio::awaitable<std::optional<transport_failure>>
    open(std::vector<boost::asio::ip::address> addresses, time_point limit) = 0;

    // Sends the bytes of one request and reads its answer. Anything but a reusable attempt ends the
    // connection.
    virtual boost::asio::awaitable<attempt> exchange(std::string request_bytes, std::size_t body_limit,
                                                     time_point limit) = 0;

    // False when the server has closed its side, or sent something nobody asked for.
    [[nodiscard]] virtual bool looks_alive() = 0;

    // What runs on it ends with an error.
    virtual void close() = 0;
};

// `tls` null: plain TCP.
[[nodiscard]] std::shared_ptr<connection> make_connection(boost::asio::any_io_executor strand, url where,
                                                          std::shared_ptr<boost::asio::ssl::context> tls);

} // namespace hosting::http
