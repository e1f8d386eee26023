#include "daemon/endpoint/session.hpp"

#include "daemon/endpoint/listen_address.hpp"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <exception>

namespace hosting::endpoint {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using clock = std::chrono::steady_clock;

constexpr auto token = asio::as_tuple(asio::use_awaitable);

std::string peer_of(const tcp::socket& socket) {
    boost::system::error_code gone;
    const auto where = socket.remote_endpoint(gone);
    return gone ? "a client that is gone" : to_text(where);
}

class tcp_session final : public session {
public:
    tcp_session(tcp::socket socket, const limits& bounds, desk& answers, log& journal)
        : bounds_(bounds)
        , answers_(answers)
        , journal_(journal)
        , peer_(peer_of(socket))
        , reader_(bounds.header_bytes, bounds.body_bytes)
        , stream_(std::move(socket)) {}

    asio::awaitable<void> run() override {
        bool goes_on = true;
        while (goes_on) {
            switch (co_await read_request()) {
            case reading::complete: goes_on = co_await serve(); break;
            case reading::broken: goes_on = co_await part_with(reader_.complaint()); break;
            case reading::gone: goes_on = false; break;
            }
        }
        close();
    }

    std::optional<clock::time_point> waits_since() const override { return waits_since_; }

    void close() override { stream_.close(); }

private:
    enum class reading { complete, broken, gone }; // gone: or too slow

    asio::awaitable<reading> read_request() {
        auto read = reader_.feed({});
        bool begun = reader_.begun();
        // Whoever connects wants to ask something.
        limit(begun || first_ ? bounds_.request : bounds_.idle);
        while (read == request_reader::state::more) {
            auto [failed, count] = co_await stream_.async_read_some(asio::buffer(piece_), token);
            if (failed) co_return reading::gone;
            read = reader_.feed({piece_.data(), count});
            if (!begun && reader_.begun() && !first_) limit(bounds_.request);
            begun = reader_.begun();
            if (reader_.wants_continue()) {
                constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                auto [broken, sent] = co_await asio::async_write(stream_, asio::buffer(go_on), token);
                if (broken) co_return reading::gone;
            }
        }
        first_ = false;
        waits_since_.reset();
        if (read == request_reader::state::broken) co_return reading::broken;
        co_return reading::complete;
    }

    // Whether the connection goes on.
    asio::awaitable<bool> serve() {
        const bool keep = reader_.keep_alive();
        request asked = reader_.take();
        const bool with_body = asked.method != "HEAD";
        const answer said = co_await answer_to(std::move(asked));
        std::string bytes = to_wire(said, with_body, keep);
        const bool taken = co_await write(std::move(bytes));
        if (taken && !keep) co_await part();
        co_return taken&& keep;
    }

    asio::awaitable<answer> answer_to(request asked) {
        std::exception_ptr broken;
        try {
            std::string peer = peer_;
            co_return co_await answers_.answer_to(std::move(asked), std::move(peer));
        } catch (...) {
            broken = std::current_exception();
        }
        tell(broken);
        co_return refusal(500, "Internal Server Error");
    }

    void tell(const std::exception_ptr& broken) {
        try {
            std::rethrow_exception(broken);
        } catch (const std::exception& e) {
            journal_.write(log_level::error, std::string("a request ended in an exception: ") + e.what());
        }
    }

    // False: that was all.
    asio::awaitable<bool> part_with(answer last) {
        std::string bytes = to_wire(last, true, false);
        if (co_await write(std::move(bytes))) co_await part();
        co_return false;
    }

    asio::awaitable<bool> write(std::string bytes) {
        limit(bounds_.answer);
        auto [failed, sent] = co_await asio::async_write(stream_, asio::buffer(bytes), token);
        waits_since_.reset();
        co_return !failed;
    }

    // Closing a socket that has unread bytes would reset the connection, and take the answer with it.
    asio::awaitable<void> part() {
        boost::system::error_code gone;
        stream_.socket().shutdown(tcp::socket::shutdown_send, gone);
        limit(bounds_.parting);
        std::size_t left = bounds_.parting_bytes;
        while (!gone && left > 0) {
            auto [failed, count] = co_await stream_.async_read_some(asio::buffer(piece_), token);
            if (failed) co_return;
            left -= std::min(left, count);
        }
    }

    // Beast closes the socket of whoever takes longer.
    void limit(std::chrono::milliseconds time) {
        waits_since_ = clock::now();
        stream_.expires_after(time);
    }

    const limits& bounds_;
    desk& answers_;
    log& journal_;
    const std::string peer_;
    request_reader reader_;
    boost::beast::tcp_stream stream_;
    std::array<char, 4096> piece_{};
    std::optional<clock::time_point> waits_since_;
    bool first_ = true;
};

} // namespace

std::shared_ptr<session> make_session(tcp::socket socket, const limits& bounds, desk& answers, log& journal) {
    return std::make_shared<tcp_session>(std::move(socket), bounds, answers, journal);
}

} // namespace hosting::endpoint
