#include "adapters/ssh/tcp_socket.hpp"

#include "adapters/ssh/tokens.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace hosting::ssh {
namespace {

constexpr int user_timeout_ms = 30'000;
constexpr int first_probe_seconds = 60;
constexpr int probe_seconds = 10;

boost::system::error_code last_error() { return {errno, boost::system::system_category()}; }

void set_options(int socket) {
    const auto set = [socket](int level, int name, int value) {
        // Without them the connection still works; a dead server is only noticed later.
        (void)::setsockopt(socket, level, name, &value, sizeof value);
    };
    set(IPPROTO_TCP, TCP_NODELAY, 1);
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, first_probe_seconds);
    set(IPPROTO_TCP, TCP_KEEPINTVL, probe_seconds);
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, user_timeout_ms);
}

} // namespace

boost::asio::awaitable<boost::system::error_code> tcp_connect::run(boost::asio::ip::address address,
                                                                   std::uint16_t port) {
    const int family = address.is_v6() ? AF_INET6 : AF_INET;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
    if (fd < 0) co_return last_error();
    boost::system::error_code error;
    const auto protocol = address.is_v6() ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4();
    socket_.assign(protocol, fd, error);
    if (error) {
        ::close(fd);
        co_return error;
    }
    set_options(fd);
    const boost::asio::ip::tcp::endpoint target(address, port);
    const auto [connected] = co_await socket_.async_connect(target, as_tuple_awaitable);
    co_return connected;
}

void tcp_connect::cancel() {
    boost::system::error_code ignored;
    socket_.close(ignored);
}

int tcp_connect::release() { return socket_.release(); }

} // namespace hosting::ssh
