#include "adapters/http/tls.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace hosting::http {

namespace ssl = boost::asio::ssl;

result<std::shared_ptr<ssl::context>> make_tls_context(const std::filesystem::path& ca_file) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(ssl::verify_peer);
    boost::system::error_code ec;
    if (ca_file.empty()) {
        context->set_default_verify_paths(ec);
        if (ec)
            return failure{errc::internal, "the system's CA certificates cannot be read: " + ec.message()};
    } else {
        context->load_verify_file(ca_file.string(), ec);
        if (ec)
            return failure{errc::internal,
                           "the CA file " + ca_file.string() + " cannot be read: " + ec.message()};
    }
    return context;
}

bool expect_host(ssl_st* session, const std::string& host) {
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(host, not_an_address);
    if (!not_an_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(session, host.c_str()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
}

std::optional<std::string> certificate_refusal(const ssl_st* session) {
    long verdict = SSL_get_verify_result(session);
    if (verdict == X509_V_OK) return std::nullopt;
    return X509_verify_cert_error_string(verdict);
}

bool has_unread_bytes(const ssl_st* session) {
    return SSL_has_pending(session) == 1 || BIO_pending(SSL_get_rbio(session)) > 0;
}

} // namespace hosting::http
