#include "adapters/ssh/connection.hpp"

#include "adapters/ssh/host_key.hpp"
#include "adapters/ssh/known_hosts.hpp"
#include "adapters/ssh/tcp_socket.hpp"
#include "adapters/ssh/tokens.hpp"

#include <libssh2.h>

namespace hosting::ssh {

using boost::asio::awaitable;
using descriptor = boost::asio::posix::stream_descriptor;

std::string to_string(const endpoint& e) {
    const bool v6 = e.address.find(':') != e.address.npos;
    return e.user + "@" + (v6 ? "[" + e.address + "]" : e.address) + ":" + std::to_string(e.port);
}

connector::connector(boost::asio::any_io_executor strand, endpoint where, std::chrono::milliseconds limit,
                     resolver& r, known_hosts& k)
    : strand_(std::move(strand))
    , where_(std::move(where))
    , limit_(limit)
    , deadline_(std::chrono::steady_clock::now() + limit)
    , resolver_(r)
    , known_hosts_(k)
    , timer_(strand_) {}

void connector::abort(std::string why) {
    aborted_ = std::move(why);
    if (cancel_) cancel_();
}

failure connector::unreachable(const std::string& what) const {
    return {errc::ssh_unreachable, to_string(where_) + ": " + what};
}

// Each wait has its own: a handler that comes late must not touch what is waited for next.
void connector::start_timer(steady_time until) {
    out_of_time_ = false;
    timer_.expires_at(until);
    timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
        const auto me = self.lock();
        if (error || !me || me->timer_.expiry() > std::chrono::steady_clock::now()) return;
        me->out_of_time_ = true;
        if (me->cancel_) me->cancel_();
    });
}

awaitable<result<std::vector<boost::asio::ip::address>>> connector::resolve() {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit_);
    auto found = co_await resolver_.resolve(where_.address, left);
    if (found.what != resolution::kind::found || found.addresses.empty())
        co_return unreachable(found.detail.empty() ? "the name cannot be resolved" : found.detail);
    co_return std::move(found.addresses);
}

awaitable<connector::socket_result> connector::open_socket() {
    const auto addresses = co_await resolve();
    if (!addresses) co_return addresses.error();
    failure last = unreachable("no time was left after its name was resolved");
    for (std::size_t i = 0; i < addresses->size(); ++i) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= deadline_ || !aborted_.empty()) break;
        // A silent address leaves time for the others.
        const auto share = (deadline_ - now) / static_cast<long>(addresses->size() - i);
        auto opened = co_await open_socket((*addresses)[i], now + share);
        if (opened) co_return opened;
        last = std::move(opened).error();
    }
    if (!aborted_.empty()) co_return unreachable(aborted_);
    co_return last;
}

awaitable<connector::socket_result> connector::open_socket(boost::asio::ip::address address,
                                                           steady_time until) {
    auto attempt = std::make_shared<tcp_connect>(strand_);
    cancel_ = [attempt] { attempt->cancel(); };
    start_timer(until);
    const auto error = co_await attempt->run(address, where_.port);
    cancel_ = nullptr;
    timer_.cancel();
    if (!aborted_.empty()) co_return unreachable(aborted_);
    if (out_of_time_) co_return unreachable("no answer from " + address.to_string() + " in time");
    if (error) co_return unreachable("connecting to " + address.to_string() + " failed: " + error.message());
    co_return descriptor(strand_, attempt->release());
}

awaitable<bool> connector::more() {
    auto& c = *connection_;
    c.bytes.flush();
    if (c.bytes.dead() || out_of_time_ || !aborted_.empty()) co_return false;
    const auto direction = c.bytes.unsent() ? descriptor::wait_write : descriptor::wait_read;
    const auto [error] = co_await c.socket.async_wait(direction, as_tuple_awaitable);
    c.bytes.readable();
    co_return !error && !out_of_time_ && aborted_.empty();
}

std::string connector::lost(const std::string& during) {
    if (!aborted_.empty()) return aborted_;
    if (out_of_time_) return "no answer in time during " + during;
    if (connection_->bytes.dead()) return connection_->bytes.error() + " during " + during;
    return during + " failed: " + connection_->session.last_error();
}

awaitable<connector::checked> connector::handshake() {
    const auto types = known_hosts_.types(where_.address, where_.port);
    if (!types) co_return types.error();
    auto& session = connection_->session;
    session.prefer_host_keys(host_key_algorithms(*types));
    int rc = 0;
    while ((rc = session.handshake(connection_->socket.native_handle())) == ssh_error::again) {
        const bool go_on = co_await more();
        if (!go_on) co_return unreachable(lost("the key exchange"));
    }
    if (rc != ssh_error::none) co_return unreachable(lost("the key exchange"));
    co_return known_hosts_.check(where_.address, where_.port, session.host_key());
}

awaitable<std::string> connector::offered_methods() {
    for (;;) {
        auto offered = connection_->session.offered_methods(where_.user);
        if (offered.error != ssh_error::again) co_return std::move(offered.names);
        const bool go_on = co_await more();
        if (!go_on) co_return std::string();
    }
}

awaitable<connector::checked> connector::login(const std::string& key) {
    auto& session = connection_->session;
    int rc = 0;
    while ((rc = session.login(where_.user, key)) == ssh_error::again) {
        const bool go_on = co_await more();
        if (!go_on) co_return unreachable(lost("the login"));
    }
    if (rc == ssh_error::none) co_return std::nullopt;
    // First of all: libssh2 calls a connection that broke while it waited for the answer an unverified key.
    if (connection_->bytes.dead() || rc == LIBSSH2_ERROR_SOCKET_DISCONNECT || rc == LIBSSH2_ERROR_TIMEOUT)
        co_return unreachable(lost("the login"));
    if (rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED || rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED) {
        const auto offered = co_await offered_methods();
        co_return failure{errc::ssh_auth, to_string(where_) + ": the server refused our key" +
                                              (offered.empty() ? "" : " (it takes: " + offered + ")")};
    }
    co_return failure{errc::ssh_key, to_string(where_) + ": the private key cannot be used (" +
                                         session.last_error() + ", libssh2 error " + std::to_string(rc) +
                                         ")"};
}

awaitable<result<std::unique_ptr<connection>>> connector::run(secret key) {
    const auto self = shared_from_this();
    auto socket = co_await open_socket();
    if (!socket) co_return std::move(socket).error();
    connection_ = std::make_unique<connection>(std::move(*socket));
    cancel_ = [this] { connection_->socket.cancel(); };
    start_timer(deadline_);
    auto failed = co_await handshake();
    if (!failed) failed = co_await login(key.reveal());
    cancel_ = nullptr;
    timer_.cancel();
    if (failed) co_return std::move(*failed);
    co_return std::move(connection_);
}

} // namespace hosting::ssh
