#include "tiny_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <list>
#include <mutex>
#include <sys/socket.h>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

std::size_t body_length(const std::string& head) {
    auto at = head.find("Content-Length: ");
    return at == head.npos ? 0 : std::stoul(head.substr(at + 16));
}

template<class Stream>
class stream_peer final : public peer {
public:
    explicit stream_peer(Stream& stream)
        : stream_(stream) {}

    std::string read_request() override {
        for (;;) {
            auto end = buffer_.find("\r\n\r\n");
            if (end != buffer_.npos && buffer_.size() >= end + 4 + body_length(buffer_)) {
                auto size = end + 4 + body_length(buffer_);
                std::string out = buffer_.substr(0, size);
                buffer_.erase(0, size);
                return out;
            }
            if (!read_more()) return {};
        }
    }

    void write(const std::string& bytes) override {
        boost::system::error_code ec;
        asio::write(stream_, asio::buffer(bytes), ec);
    }

    void wait_for_close() override {
        while (read_more())
            buffer_.clear();
    }

private:
    bool read_more() {
        char piece[4096];
        boost::system::error_code ec;
        auto count = stream_.read_some(asio::buffer(piece), ec);
        buffer_.append(piece, count);
        return !ec;
    }

    Stream& stream_;
    std::string buffer_;
};

} // namespace

struct tiny_server::parts {
    std::function<void(peer&)> talk;
    asio::io_context context;
    tcp::acceptor acceptor{context, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
    std::optional<asio::ssl::context> tls;
    std::atomic<int> count{0};
    std::mutex mutex;
    std::list<tcp::socket> sockets; // closed under the mutex, so that stop() never meets another's descriptor
    bool stopping = false;
    std::vector<std::thread> talks;
    std::thread accepting;

    void accept_all() {
        for (;;) {
            boost::system::error_code ec;
            tcp::socket accepted(context);
            acceptor.accept(accepted, ec);
            std::lock_guard lock(mutex);
            if (ec || stopping) return;
            accepted.set_option(tcp::no_delay(true), ec);
            auto at = sockets.insert(sockets.end(), std::move(accepted));
            talks.emplace_back([this, at, number = count++] { serve(at, number); });
        }
    }

    void serve(std::list<tcp::socket>::iterator at, int number) {
        if (tls) {
            boost::system::error_code ec;
            asio::ssl::stream<tcp::socket&> secured(*at, *tls);
            secured.handshake(asio::ssl::stream_base::server, ec);
            if (!ec) {
                stream_peer<asio::ssl::stream<tcp::socket&>> with(secured);
                with.number = number;
                talk(with);
                // Sends close_notify without waiting for the client's.
                at->shutdown(tcp::socket::shutdown_receive, ec);
                secured.shutdown(ec);
            }
        } else {
            stream_peer<tcp::socket> with(*at);
            with.number = number;
            talk(with);
        }
        std::lock_guard lock(mutex);
        sockets.erase(at);
    }

    void stop() {
        {
            std::lock_guard lock(mutex);
            stopping = true;
            for (auto& each : sockets)
                ::shutdown(each.native_handle(), SHUT_RDWR);
            ::shutdown(acceptor.native_handle(), SHUT_RDWR);
        }
        accepting.join();
        for (auto& each : talks)
            each.join();
    }
};

tiny_server::tiny_server(std::function<void(peer&)> talk, std::optional<test_certificate> tls)
    : parts_(std::make_unique<parts>()) {
    parts_->talk = std::move(talk);
    if (tls) {
        parts_->tls.emplace(asio::ssl::context::tls_server);
        parts_->tls->use_certificate(asio::buffer(tls->certificate_pem), asio::ssl::context::pem);
        parts_->tls->use_private_key(asio::buffer(tls->key_pem), asio::ssl::context::pem);
    }
    parts_->accepting = std::thread([this] { parts_->accept_all(); });
}

tiny_server::~tiny_server() { parts_->stop(); }

std::uint16_t tiny_server::port() const { return parts_->acceptor.local_endpoint().port(); }

int tiny_server::connections() const { return parts_->count; }

void tiny_server::wait_for_connections(int wanted) const {
    while (connections() < wanted)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void tiny_server::wait_until_all_closed() const {
    for (;;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        std::lock_guard lock(parts_->mutex);
        if (parts_->sockets.empty()) return;
    }
}

std::string answer(const std::string& body, const std::string& status) {
    return "HTTP/1.1 " + status + "\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}
