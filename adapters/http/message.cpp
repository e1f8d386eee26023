#include "adapters/http/message.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>

namespace hosting::http {
namespace {

namespace beast_http = boost::beast::http;
using parser = beast_http::response_parser<beast_http::string_body>;

constexpr std::uint32_t header_limit = 64 * 1024;

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }

bool fits_a_line(std::string_view text) { return std::ranges::none_of(text, is_control); }

std::string media_type(std::string_view text) {
    text = text.substr(0, text.find(';'));
    while (text.ends_with(' ') || text.ends_with('\t'))
        text.remove_suffix(1);
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string text_of(const parser::value_type& message, beast_http::field name) {
    auto found = message.find(name);
    if (found == message.end()) return {};
    return std::string(found->value().data(), found->value().size());
}

} // namespace

std::optional<std::string> to_wire(const request& what, std::string_view user_agent) {
    if (!fits_a_line(what.target) || what.target.find(' ') != what.target.npos) return std::nullopt;
    std::string out = what.method + ' ' + what.target + " HTTP/1.1\r\nHost: " + what.where.authority() +
                      "\r\nUser-Agent: " + std::string(user_agent) + "\r\nAccept-Encoding: identity\r\n";
    for (const auto& [name, value] : what.headers) {
        if (!fits_a_line(name) || !fits_a_line(value)) return std::nullopt;
        out += name + ": " + value + "\r\n";
    }
    if (!what.body.empty() || (what.method != "GET" && what.method != "HEAD"))
        out += "Content-Length: " + std::to_string(what.body.size()) + "\r\n";
    return out + "\r\n" + what.body;
}

struct response_reader::parts {
    std::size_t body_limit;
    boost::beast::flat_buffer buffer;
    std::optional<parser> message;
    std::string why;

    void begin_message() {
        message.emplace();
        message->header_limit(header_limit);
        message->body_limit(body_limit);
        message->eager(true);
    }

    state broken(const boost::system::error_code& ec) {
        if (ec == beast_http::error::body_limit)
            why = "the answer is larger than " + std::to_string(body_limit) + " bytes";
        else if (ec == beast_http::error::end_of_stream)
            why = "the connection ended without an answer";
        else if (ec == beast_http::error::partial_message)
            why = "the answer was cut off";
        else
            why = "the answer is not HTTP (" + ec.message() + ")";
        return state::broken;
    }
};

response_reader::response_reader(std::size_t body_limit)
    : parts_(std::make_unique<parts>()) {
    parts_->body_limit = body_limit;
    parts_->begin_message();
}

response_reader::~response_reader() = default;

response_reader::state response_reader::feed(std::string_view bytes) {
    auto& buffer = parts_->buffer;
    buffer.commit(boost::asio::buffer_copy(buffer.prepare(bytes.size()), boost::asio::buffer(bytes)));
    while (buffer.size() > 0) {
        boost::system::error_code ec;
        auto used = parts_->message->put(buffer.data(), ec);
        buffer.consume(used);
        if (ec == beast_http::error::need_more) return state::more;
        if (ec) return parts_->broken(ec);
        if (parts_->message->is_done()) {
            if (parts_->message->get().result_int() >= 200) return state::complete;
            parts_->begin_message();
        } else if (used == 0) {
            return state::more;
        }
    }
    return state::more;
}

response_reader::state response_reader::end_of_stream() {
    boost::system::error_code ec;
    if (!parts_->message->got_some()) return parts_->broken(beast_http::error::end_of_stream);
    parts_->message->put_eof(ec);
    if (ec) return parts_->broken(ec);
    return parts_->message->is_done() ? state::complete : parts_->broken(beast_http::error::partial_message);
}

bool response_reader::reusable() const { return parts_->message->keep_alive() && parts_->buffer.size() == 0; }

response response_reader::take() {
    auto& message = parts_->message->get();
    response out;
    out.status = message.result_int();
    out.content_type = media_type(text_of(message, beast_http::field::content_type));
    out.location = text_of(message, beast_http::field::location);
    if (message.find(beast_http::field::retry_after) != message.end())
        out.retry_after = text_of(message, beast_http::field::retry_after);
    out.body = std::move(message.body());
    return out;
}

const std::string& response_reader::why() const { return parts_->why; }

} // namespace hosting::http
