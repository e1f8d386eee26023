// From a server's address to a session that is logged in: name, TCP, key exchange, host key, login; one
// deadline over all of it.
#pragma once

#include "adapters/ssh/client.hpp"
#include "adapters/ssh/libssh2_session.hpp"
#include "adapters/ssh/operation.hpp"
#include "adapters/ssh/wire.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hosting::ssh {

class known_hosts;

// A session with its socket. Everything in it is used on one strand.
struct connection {
    explicit connection(boost::asio::posix::stream_descriptor s)
        : socket(std::move(s))
        , bytes(socket.native_handle())
        , session(bytes) {}

    boost::asio::posix::stream_descriptor socket;
    wire bytes;
    libssh2_session session;
};

// "user@address:port", brackets around an IPv6 address.
[[nodiscard]] std::string to_string(const endpoint&);

// One attempt. Lives on the strand that it is given; held by a shared_ptr while it runs.
class connector : public std::enable_shared_from_this<connector> {
public:
    connector(boost::asio::any_io_executor strand, endpoint, std::chrono::milliseconds limit, resolver&,
              known_hosts&);

    // Failures: ssh_unreachable, ssh_host_key (before the key is used), ssh_key, ssh_auth. The sentence names
    // the server. `key` as check_private_key() returned it.
    boost::asio::awaitable<result<std::unique_ptr<connection>>> run(secret key);

    // Makes run() end soon, with this as the reason.
    void abort(std::string why);

private:
    using socket_result = result<boost::asio::posix::stream_descriptor>;
    using checked = std::optional<failure>;

    boost::asio::awaitable<result<std::vector<boost::asio::ip::address>>> resolve();
    boost::asio::awaitable<socket_result> open_socket();
    boost::asio::awaitable<socket_result> open_socket(boost::asio::ip::address, steady_time until);
    boost::asio::awaitable<checked> handshake();
    boost::asio::awaitable<checked> login(const std::string& key);
    boost::asio::awaitable<std::string> offered_methods();

    // Sends what the last call produced and waits for the server; false when there is no time left or no
    // connection.
    boost::asio::awaitable<bool> more();
    void start_timer(steady_time until);
    [[nodiscard]] failure unreachable(const std::string& what) const;
    [[nodiscard]] std::string lost(const std::string& during);

    boost::asio::any_io_executor strand_;
    endpoint where_;
    std::chrono::milliseconds limit_;
    steady_time deadline_;
    resolver& resolver_;
    known_hosts& known_hosts_;
    boost::asio::steady_timer timer_;
    bool out_of_time_ = false;
    std::string aborted_;
    std::function<void()> cancel_; // what is waited for now
    std::unique_ptr<connection> connection_;
};

} // namespace hosting::ssh
