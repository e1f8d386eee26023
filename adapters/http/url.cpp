#include "adapters/http/client.hpp"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>
#include <charconv>

namespace hosting::http {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
    auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), lower);
    return out;
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host_character(char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; }

// Of an IPv6 address without a zone.
bool is_address_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

bool is_path_character(char c) {
    return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '"' && c != '\\';
}

failure wrong(std::string_view what) { return {errc::internal, "the URL " + std::string(what)}; }

// host or [ipv6], with an optional port; the scheme's port where none is given.
result<url> parse_authority(std::string_view text, url to) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        auto end = text.find(']');
        if (end == text.npos) return wrong("has a '[' without ']'");
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        boost::system::error_code ec;
        boost::asio::ip::make_address_v6(std::string(host), ec); // reads to the first NUL only
        if (ec || !std::ranges::all_of(host, is_address_character))
            return wrong("has no valid IPv6 address between its brackets");
    } else {
        auto colon = text.find(':');
        host = text.substr(0, colon);
        if (colon != text.npos) rest = text.substr(colon);
        if (host.empty()) return wrong("has no host name");
        if (!std::ranges::all_of(host, is_host_character))
            return wrong("has a host name with other characters than letters, digits, dots and hyphens");
    }
    to.host = lowered(host);
    to.port = to.tls ? 443 : 80;
    if (rest.empty()) return to;
    if (rest.front() != ':') return wrong("has something other than a port behind its host");
    rest.remove_prefix(1);
    unsigned port = 0;
    auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), port);
    if (error != std::errc{} || end != rest.data() + rest.size() || port == 0 || port > 65535)
        return wrong("has a port that is no number from 1 to 65535");
    to.port = static_cast<std::uint16_t>(port);
    return to;
}

} // namespace

std::string url::authority() const {
    std::string out = host.find(':') == host.npos ? host : '[' + host + ']';
    if (port != (tls ? 443 : 80)) out += ':' + std::to_string(port);
    return out;
}

result<url> parse_url(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) return wrong("is empty");
    auto scheme_end = text.find("://");
    std::string scheme = lowered(text.substr(0, scheme_end == text.npos ? 0 : scheme_end));
    if (scheme != "http" && scheme != "https") return wrong("does not begin with http:// or https://");
    std::string_view rest = text.substr(scheme_end + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    std::string_view path = rest.substr(authority.size());
    if (authority.find('@') != authority.npos) return wrong("must not hold a user or password");
    if (!std::ranges::all_of(path, is_path_character))
        return wrong("must end with its path, which holds no query, fragment or blanks");

    url out;
    out.tls = scheme == "https";
    auto parsed = parse_authority(authority, std::move(out));
    if (!parsed) return parsed;
    while (path.ends_with('/'))
        path.remove_suffix(1);
    parsed->path = path.empty() ? "/" : std::string(path);
    return parsed;
}

std::string percent_encode(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~') {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

} // namespace hosting::http
