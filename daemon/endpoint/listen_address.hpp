// Where the endpoint listens.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace hosting::endpoint {

// "127.0.0.1:8001", "[::1]:8001" or "localhost:8001" (IPv4's). nullopt: none of these.
[[nodiscard]] std::optional<boost::asio::ip::tcp::endpoint> parse_listen_address(std::string_view text);

[[nodiscard]] std::string to_text(const boost::asio::ip::tcp::endpoint& where);

} // namespace hosting::endpoint
