// TCP connections as an SSH session needs them.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>

namespace hosting::ssh {

// One connect to one address: TCP_NODELAY (without it a channel runs 20 commands a second), SO_KEEPALIVE,
// TCP_USER_TIMEOUT of 30 s, close-on-exec, non-blocking. Lives on one strand, held by a shared_ptr while it
// runs.
class tcp_connect {
public:
    explicit tcp_connect(const boost::asio::any_io_executor& strand)
        : socket_(strand) {}

    boost::asio::awaitable<boost::system::error_code> run(boost::asio::ip::address, std::uint16_t port);
    void cancel();

    // The connected socket, for the caller to own. It leaves Asio's socket since that one, once it has
    // connected, is woken whenever there is room to write.
    [[nodiscard]] int release();

private:
    boost::asio::ip::tcp::socket socket_;
};

} // namespace hosting::ssh
