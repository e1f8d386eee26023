// The bytes between libssh2 and a socket, on a pair of sockets.
#include "adapters/ssh/wire.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

using hosting::ssh::wire;

namespace {

struct sockets {
    std::array<int, 2> fd{};
    sockets() { BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd.data()) == 0); }
    ~sockets() {
        ::close(fd[0]);
        if (fd[1] >= 0) ::close(fd[1]);
    }
    void hang_up() {
        ::close(fd[1]);
        fd[1] = -1;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(wires)

BOOST_AUTO_TEST_CASE(nothing_is_sent_before_the_flush) {
    sockets s;
    wire w(s.fd[0]);
    std::array<char, 16> got{};
    BOOST_TEST(w.send("abc", 3) == 3);
    BOOST_TEST(w.send("def", 3) == 3);
    BOOST_TEST(w.unsent());
    BOOST_TEST(::recv(s.fd[1], got.data(), got.size(), 0) == -1);
    w.flush();
    BOOST_TEST(!w.unsent());
    BOOST_TEST(::recv(s.fd[1], got.data(), got.size(), 0) == 6);
    BOOST_TEST(w.bytes_sent() == 6u);
}

BOOST_AUTO_TEST_CASE(after_an_empty_read_the_kernel_is_not_asked_until_it_reports_more) {
    sockets s;
    wire w(s.fd[0]);
    std::array<char, 16> got{};
    BOOST_TEST(::send(s.fd[1], "abc", 3, 0) == 3);
    BOOST_TEST(w.peek() == 1);
    BOOST_TEST(w.receive(got.data(), got.size()) == 3);
    BOOST_TEST(w.receive(got.data(), got.size()) == -EAGAIN);
    BOOST_TEST(::send(s.fd[1], "de", 2, 0) == 2);
    BOOST_TEST(w.receive(got.data(), got.size()) == -EAGAIN);
    w.readable();
    BOOST_TEST(w.receive(got.data(), got.size()) == 2);
    BOOST_TEST(w.bytes_received() == 5u);
    BOOST_TEST(w.peek() == -EAGAIN);
}

BOOST_AUTO_TEST_CASE(an_end_behind_the_last_bytes_is_seen_without_a_report) {
    sockets s;
    wire w(s.fd[0]);
    std::array<char, 16> got{};
    BOOST_TEST(::send(s.fd[1], "abc", 3, 0) == 3);
    BOOST_TEST(::shutdown(s.fd[1], SHUT_WR) == 0);
    BOOST_TEST(w.receive(got.data(), got.size()) == 3);
    BOOST_TEST(w.receive(got.data(), got.size()) == -ECONNRESET);
    BOOST_TEST(w.dead());
}

BOOST_AUTO_TEST_CASE(a_full_socket_keeps_the_rest_for_later) {
    sockets s;
    wire w(s.fd[0]);
    const std::string much(900'000, 'x');
    BOOST_TEST(w.send(much.data(), much.size()) == static_cast<ssize_t>(much.size()));
    w.flush();
    BOOST_TEST(w.unsent());
    std::size_t arrived = 0;
    std::string got(much.size(), '\0');
    while (arrived < much.size()) {
        const auto n = ::recv(s.fd[1], got.data(), got.size(), 0);
        if (n > 0) arrived += static_cast<std::size_t>(n);
        w.flush();
    }
    BOOST_TEST(!w.unsent());
}

BOOST_AUTO_TEST_CASE(a_server_that_takes_nothing_is_given_up) {
    sockets s;
    wire w(s.fd[0]);
    const std::string much(900'000, 'x');
    BOOST_TEST(w.send(much.data(), much.size()) > 0);
    BOOST_TEST(w.send(much.data(), much.size()) > 0);
    BOOST_TEST(w.send("x", 1) == -ECONNRESET);
    BOOST_TEST(w.dead());
}

BOOST_AUTO_TEST_CASE(the_end_of_the_stream_is_noted_and_the_socket_left_alone) {
    sockets s;
    wire w(s.fd[0]);
    std::array<char, 16> got{};
    s.hang_up();
    BOOST_TEST(w.peek() == 0);
    BOOST_TEST(w.receive(got.data(), got.size()) == -ECONNRESET);
    BOOST_TEST(w.error() == "the server closed the connection");
    BOOST_TEST(w.send("x", 1) == -ECONNRESET);
}

BOOST_AUTO_TEST_CASE(a_killed_wire_touches_no_socket) {
    wire w(-1);
    std::array<char, 16> got{};
    w.kill();
    BOOST_TEST(w.receive(got.data(), got.size()) == -ECONNRESET);
    BOOST_TEST(w.send("x", 1) == -ECONNRESET);
    BOOST_TEST(w.peek() == -ECONNRESET);
    w.flush();
}

BOOST_AUTO_TEST_SUITE_END()
