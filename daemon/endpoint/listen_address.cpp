#include "daemon/endpoint/listen_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace hosting::endpoint {
namespace {

using boost::asio::ip::tcp;
namespace ip = boost::asio::ip;

std::optional<ip::address> parse_host(std::string_view text) {
    boost::system::error_code ec;
    if (text.starts_with('[') && text.ends_with(']')) {
        const auto found = ip::make_address_v6(std::string(text.substr(1, text.size() - 2)), ec);
        return ec ? std::nullopt : std::optional<ip::address>(found);
    }
    if (text == "localhost") return ip::address_v4::loopback();
    const auto found = ip::make_address_v4(std::string(text), ec);
    return ec ? std::nullopt : std::optional<ip::address>(found);
}

} // namespace

std::optional<tcp::endpoint> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == text.npos) return std::nullopt;
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    const auto host = parse_host(text.substr(0, colon));
    if (!host) return std::nullopt;
    return tcp::endpoint(*host, port);
}

std::string to_text(const tcp::endpoint& where) {
    const std::string host = where.address().to_string();
    return (where.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(where.port());
}

} // namespace hosting::endpoint
