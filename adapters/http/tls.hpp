// TLS as a client: which certificates are trusted, and why one was refused.
#pragma once

#include "core/result.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

struct ssl_st;
namespace boost::asio::ssl {
class context;
}

namespace hosting::http {

// TLS 1.2 or newer, peers verified. An empty ca_file means OpenSSL's default store, with SSL_CERT_FILE and
// SSL_CERT_DIR. internal: the file cannot be read, or holds no certificate.
[[nodiscard]] result<std::shared_ptr<boost::asio::ssl::context>>
make_tls_context(const std::filesystem::path& ca_file);

// Makes a session, before its handshake, accept only a certificate of this host (name or IP address). False
// where OpenSSL cannot.
[[nodiscard]] bool expect_host(ssl_st* session, const std::string& host);

// OpenSSL's reason for refusing the server's certificate; nullopt when it was not refused.
[[nodiscard]] std::optional<std::string> certificate_refusal(const ssl_st* session);

// Bytes of the peer were taken from the socket that no read has asked for yet, such as its close_notify.
[[nodiscard]] bool has_unread_bytes(const ssl_st* session);

} // namespace hosting::http
