// HTTP: a small client with keep-alive for a few origins, over TCP or TLS.
#pragma once

#include "core/ports/resolver.hpp"
#include "core/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hosting::http {

// An absolute http or https URL, split. Made by parse_url, which accepts no user info and no fragment.
struct url {
    bool tls = false;
    std::string host; // without brackets
    std::uint16_t port = 0;
    std::string path; // begins with '/'; without query; no trailing slash unless it is the whole path

    // As it stands in a Host header: brackets for IPv6, the port only where it is not the scheme's own.
    [[nodiscard]] std::string authority() const;
};
[[nodiscard]] result<url> parse_url(std::string_view text); // failure: internal, with a sentence for people

// RFC 3986 unreserved characters stay, everything else becomes %XX (so a '+' is %2B and a space %20).
[[nodiscard]] std::string percent_encode(std::string_view text);

struct request {
    std::string method = "GET";
    url where;          // scheme, host and port of it
    std::string target; // path and query as sent
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool repeatable = false; // sending it twice does no harm; always so for GET
};

struct response {
    unsigned status = 0;
    std::string content_type; // lowercase, without parameters
    std::optional<std::string> retry_after;
    std::string location;
    std::string body; // at most settings::body_limit
};

// Why there is no response.
struct transport_failure {
    enum class kind {
        unreachable,    // name, TCP or TLS failed: the request was certainly not sent
        certificate,    // the server's certificate was refused (CA, host name, date): certainly not sent
        outcome_unknown // the request was sent, at least in part, and no complete answer came in time
    };
    kind what = kind::unreachable;
    std::string detail; // one sentence with host and port, without the target (it may hold personal data)
};
using exchange = boost::system::result<response, transport_failure>;

// Found by exchange::value(): asking a failure for its response is a bug of the caller.
[[noreturn]] inline void throw_exception_from_error(const transport_failure& f,
                                                    const boost::source_location&) {
    throw std::logic_error("value() of a failed exchange: " + f.detail);
}

struct settings {
    // The only certificates that are trusted. Empty: SSL_CERT_FILE and SSL_CERT_DIR, or else the system's
    // store.
    std::filesystem::path ca_file;
    std::chrono::milliseconds timeout{15'000}; // of a whole exchange, name resolution and connecting included
    std::size_t connections_per_origin = 8;    // origin: scheme, host and port
    std::size_t body_limit = 8 * 1024 * 1024;
    std::string user_agent = "hosting-automator";
};

// HTTP/1.1, TLS 1.2 or newer, server certificate and host name always verified. Connections are kept and
// reused, but not after 25 s without use: servers close theirs silently after 30-60 s (PostgREST 16: 30 s,
// 14: 59 s). All calls from any executor; they resume on the caller's. Calls in progress keep what they need
// alive, but the resolver must outlive them.
class client {
public:
    virtual ~client() = default;

    // One exchange. No redirects are followed. A kept connection that turns out closed before any byte of the
    // answer came is replaced, and the request sent once more, if it is repeatable or nothing of it was sent;
    // otherwise that is outcome_unknown. Waits for a free connection where connections_per_origin are busy;
    // that wait counts. An answer larger than body_limit, or cut off, is outcome_unknown too.
    virtual boost::asio::awaitable<exchange> send(request what) = 0;

    // Closes all connections, for good: running exchanges and later ones end with an error.
    virtual void close() = 0;
};

// internal: the CA file cannot be read (the sentence names it).
[[nodiscard]] result<std::unique_ptr<client>> make_client(boost::asio::any_io_executor executor, settings,
                                                          resolver&);

} // namespace hosting::http
