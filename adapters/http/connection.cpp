#include "adapters/http/connection.hpp"

#include "adapters/http/message.hpp"
#include "adapters/http/tls.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <poll.h>

namespace hosting::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds shortest_try{1'000};

class socket_connection final : public connection, public std::enable_shared_from_this<socket_connection> {
public:
    socket_connection(asio::any_io_executor strand, url where, std::shared_ptr<asio::ssl::context> tls)
        : where_(std::move(where))
        , tls_context_(std::move(tls))
        , socket_(strand)
        , watchdog_(strand) {}

    asio::awaitable<std::optional<transport_failure>> open(std::vector<asio::ip::address> addresses,
                                                           time_point limit) override {
        error_code ec = asio::error::host_not_found;
        for (std::size_t i = 0; i < addresses.size() && (ec || !socket_.is_open()); ++i) {
            tcp::endpoint to(addresses[i], where_.port);
            guard watched(*this, share_of(limit, addresses.size() - i));
            co_await socket_.async_connect(to, asio::redirect_error(asio::use_awaitable, ec));
            if (expired_) ec = asio::error::timed_out;
            if (ec) socket_.close(closing_);
            if (closed_) break;
        }
        if (ec || closed_) co_return cannot("connect", ec);
        socket_.set_option(tcp::no_delay(true), ec);
        if (!tls_context_) co_return std::nullopt;

        secured_.emplace(socket_, *tls_context_);
        if (!expect_host(secured_->native_handle(), where_.host))
            co_return cannot("expect its certificate", {});
        guard watched(*this, limit);
        co_await secured_->async_handshake(asio::ssl::stream_base::client,
                                           asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) co_return std::nullopt;
        auto refusal = certificate_refusal(secured_->native_handle());
        if (expired_) ec = asio::error::timed_out;
        socket_.close(closing_);
        if (refusal) co_return certificate_refused(*refusal);
        co_return cannot("make a TLS connection", ec);
    }

    asio::awaitable<attempt> exchange(std::string bytes, std::size_t body_limit, time_point limit) override {
        attempt out;
        guard watched(*this, limit);
        error_code ec;
        while (!ec && out.bytes_sent < bytes.size()) {
            asio::const_buffer rest(bytes.data() + out.bytes_sent, bytes.size() - out.bytes_sent);
            out.bytes_sent += co_await write_some(rest, ec);
        }
        if (ec && out.bytes_sent == 0) co_return lost(std::move(out), ec);

        // Also after a failed write: a server that refuses a request early has answered before it closed.
        response_reader reader(body_limit);
        std::array<char, 16 * 1024> piece;
        auto state = response_reader::state::more;
        while (state == response_reader::state::more) {
            asio::mutable_buffer into(piece.data(), piece.size());
            std::size_t count = co_await read_some(into, ec);
            out.bytes_received += count;
            if (count > 0) state = reader.feed(std::string_view(piece.data(), count));
            if (state == response_reader::state::more && ec == asio::error::eof)
                state = reader.end_of_stream();
            else if (state == response_reader::state::more && ec)
                co_return lost(std::move(out), ec);
        }
        if (state == response_reader::state::broken) {
            out.why = reader.why();
            socket_.close(closing_);
            co_return out;
        }
        out.reusable = !ec && reader.reusable() && out.bytes_sent == bytes.size();
        out.answer = reader.take();
        if (!out.reusable) socket_.close(closing_);
        co_return out;
    }

    bool looks_alive() override {
        if (!socket_.is_open() || (secured_ && has_unread_bytes(secured_->native_handle()))) return false;
        // Nothing may come while nothing is asked: it is the end, or TLS's close_notify (session tickets come
        // before the first answer and are read with it).
        pollfd ask{socket_.native_handle(), POLLIN | POLLRDHUP, 0};
        int ready = ::poll(&ask, 1, 0);
        return ready == 0 || (ready < 0 && errno == EINTR);
    }

    void close() override {
        closed_ = true;
        socket_.close(closing_);
    }

private:
    // Closes the socket when the time is up; whatever runs then ends with an error.
    class guard {
    public:
        guard(socket_connection& on, time_point limit)
            : on_(on) {
            on.expired_ = false;
            on.watchdog_.expires_at(limit);
            on.watchdog_.async_wait([self = on.shared_from_this(), round = ++on.round_](error_code ec) {
                if (ec || round != self->round_) return;
                self->expired_ = true;
                self->socket_.close(self->closing_);
            });
        }
        guard(const guard&) = delete;
        guard& operator=(const guard&) = delete;
        ~guard() {
            ++on_.round_;
            on_.watchdog_.cancel();
        }

    private:
        socket_connection& on_;
    };

    // One dead address must not use up the time of the others.
    static time_point share_of(time_point limit, std::size_t parts) {
        auto now = std::chrono::steady_clock::now();
        auto share = (limit - now) / static_cast<long>(parts);
        return std::min(limit, now + std::max<time_point::duration>(share, shortest_try));
    }

    asio::awaitable<std::size_t> write_some(asio::const_buffer from, error_code& ec) {
        if (secured_)
            co_return co_await secured_->async_write_some(from,
                                                          asio::redirect_error(asio::use_awaitable, ec));
        co_return co_await socket_.async_write_some(from, asio::redirect_error(asio::use_awaitable, ec));
    }

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer into, error_code& ec) {
        if (secured_)
            co_return co_await secured_->async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
        co_return co_await socket_.async_read_some(into, asio::redirect_error(asio::use_awaitable, ec));
    }

    std::string reason(const error_code& ec) const {
        if (closed_) return "the client was closed";
        return expired_ || ec == asio::error::timed_out ? "no answer in time" : ec.message();
    }

    attempt lost(attempt out, const error_code& ec) {
        out.timed_out = expired_;
        out.why = reason(ec);
        socket_.close(closing_);
        return out;
    }

    std::optional<transport_failure> cannot(const char* what, const error_code& ec) const {
        return transport_failure{transport_failure::kind::unreachable,
                                 std::string("cannot ") + what + " to " + where_.host + " port " +
                                     std::to_string(where_.port) + ": " + reason(ec)};
    }

    std::optional<transport_failure> certificate_refused(const std::string& why) const {
        return transport_failure{transport_failure::kind::certificate,
                                 "the certificate of " + where_.host + " port " +
                                     std::to_string(where_.port) + " is not accepted: " + why};
    }

    const url where_;
    const std::shared_ptr<asio::ssl::context> tls_context_;
    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> secured_;
    asio::steady_timer watchdog_;
    unsigned round_ = 0; // a watchdog that fires late finds another number here
    bool expired_ = false;
    bool closed_ = false;
    error_code closing_; // closing may fail, and nothing follows from it
};

} // namespace

std::shared_ptr<connection> make_connection(asio::any_io_executor strand, url where,
                                            std::shared_ptr<asio::ssl::context> tls) {
    return std::make_shared<socket_connection>(std::move(strand), std::move(where), std::move(tls));
}

} // namespace hosting::http
