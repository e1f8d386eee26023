#include "daemon/endpoint/message.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

namespace hosting::endpoint {
namespace {

namespace beast_http = boost::beast::http;
using parser = beast_http::request_parser<beast_http::string_body>;

std::string text_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

} // namespace

answer refusal(unsigned status, std::string_view why) {
    boost::json::object body;
    body["detail"] = boost::json::string_view(why.data(), why.size());
    return {status, boost::json::serialize(body)};
}

std::string to_wire(const answer& what, bool with_body, bool keep_alive) {
    const auto reason = beast_http::obsolete_reason(static_cast<beast_http::status>(what.status));
    std::string out = "HTTP/1.1 " + std::to_string(what.status) + ' ' + text_of(reason) + "\r\n";
    out += "Content-Type: " + what.type + "\r\n";
    out += "Content-Length: " + std::to_string(what.body.size()) + "\r\n";
    out += "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
    if (!what.allow.empty()) out += "Allow: " + what.allow + "\r\n";
    out += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    if (with_body) out += what.body;
    return out;
}

struct request_reader::parts {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
    boost::beast::flat_buffer buffer;
    std::optional<parser> message;
    bool told_to_continue = false;
    answer complaint;

    void begin_message() {
        message.emplace();
        message->header_limit(static_cast<std::uint32_t>(header_bytes));
        message->body_limit(body_bytes);
        message->eager(true);
        told_to_continue = false;
    }

    state broken(unsigned status, std::string_view why) {
        complaint = refusal(status, why);
        return state::broken;
    }

    state too_large() {
        return broken(431, "the header is larger than " + std::to_string(header_bytes) + " bytes");
    }

    state broken(const boost::system::error_code& ec) {
        if (ec == beast_http::error::header_limit) return too_large();
        if (ec == beast_http::error::body_limit)
            return broken(413, "the body is larger than " + std::to_string(body_bytes) + " bytes");
        return broken(400, "this is not HTTP");
    }
};

request_reader::request_reader(std::size_t header_bytes, std::size_t body_bytes)
    : parts_(std::make_unique<parts>()) {
    parts_->header_bytes = header_bytes;
    parts_->body_bytes = body_bytes;
    parts_->begin_message();
}

request_reader::~request_reader() = default;

request_reader::state request_reader::feed(std::string_view bytes) {
    auto& buffer = parts_->buffer;
    auto& message = parts_->message;
    buffer.commit(boost::asio::buffer_copy(buffer.prepare(bytes.size()), boost::asio::buffer(bytes)));
    while (buffer.size() > 0) {
        boost::system::error_code ec;
        const auto used = message->put(buffer.data(), ec);
        buffer.consume(used);
        if (ec == beast_http::error::need_more) break;
        if (ec) return parts_->broken(ec);
        if (message->is_done()) return state::complete;
        if (used == 0) break;
    }
    // Of a chunked body, too, what is not yet understood is only the head of a chunk.
    if (buffer.size() > parts_->header_bytes) return parts_->too_large();
    return state::more;
}

bool request_reader::begun() const { return parts_->message->got_some() || parts_->buffer.size() > 0; }

bool request_reader::wants_continue() {
    auto& message = *parts_->message;
    if (parts_->told_to_continue || !message.is_header_done() || message.is_done()) return false;
    parts_->told_to_continue = true;
    return boost::beast::iequals(message.get()[beast_http::field::expect], "100-continue");
}

bool request_reader::keep_alive() const { return parts_->message->keep_alive(); }

request request_reader::take() {
    auto& message = parts_->message->get();
    request out{text_of(message.method_string()), text_of(message.target()), std::move(message.body())};
    parts_->begin_message();
    return out;
}

const answer& request_reader::complaint() const { return parts_->complaint; }

} // namespace hosting::endpoint
