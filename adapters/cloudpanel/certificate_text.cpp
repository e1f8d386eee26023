#include "adapters/cloudpanel/certificate_text.hpp"

#include <array>
#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace hosting::cloudpanel {
namespace {

template<auto Free>
struct deleter {
    template<class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using bio_ptr = std::unique_ptr<BIO, deleter<BIO_free_all>>;
using x509_ptr = std::unique_ptr<X509, deleter<X509_free>>;

constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

std::chrono::system_clock::time_point time_of(const ASN1_TIME* when) {
    std::tm parts{};
    if (when == nullptr || ASN1_TIME_to_tm(when, &parts) != 1) return {};
    return std::chrono::system_clock::from_time_t(timegm(&parts));
}

bool issued_by_staging(const X509* cert) {
    std::array<char, 512> text{};
    X509_NAME_oneline(X509_get_issuer_name(cert), text.data(), static_cast<int>(text.size()));
    const std::string_view issuer(text.data());
    // Let's Encrypt's staging issuers are named "(STAGING) Wannabe Watercress R11"; the older ones "Fake LE
    // ...".
    return issuer.find("(STAGING)") != std::string_view::npos ||
           issuer.find("Fake LE") != std::string_view::npos;
}

// The last line of the base64 text that is long enough to be like no other: at least 30 bytes of the
// signature. Where the text is no certificate's, any part of its frame will do.
std::string mark_of(std::string_view pem) {
    constexpr std::size_t long_enough = 40;
    constexpr std::string_view frame = "CERTIFICATE-----";
    std::string_view leaf = pem.substr(0, pem.find("-----END"));
    while (!leaf.empty()) {
        const auto break_at = leaf.rfind('\n');
        const auto line = leaf.substr(break_at == leaf.npos ? 0 : break_at + 1);
        if (line.size() >= long_enough && line.find_first_not_of(base64) == line.npos)
            return std::string(line);
        leaf = break_at == leaf.npos ? std::string_view{} : leaf.substr(0, break_at);
    }
    return std::string(frame);
}

} // namespace

std::optional<certificate> parse_certificate(std::string_view pem, std::string_view domain) {
    const auto begin = pem.find("-----BEGIN CERT");
    if (begin == std::string_view::npos) return std::nullopt;
    pem.remove_prefix(begin);
    const bio_ptr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const x509_ptr cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    certificate c;
    c.mark = mark_of(pem);
    if (!cert) {
        ERR_clear_error();
        c.readable = false;
        return c;
    }
    c.self_signed = X509_NAME_cmp(X509_get_subject_name(cert.get()), X509_get_issuer_name(cert.get())) == 0;
    c.staging = issued_by_staging(cert.get());
    c.covers_domain = X509_check_host(cert.get(), domain.data(), domain.size(), 0, nullptr) == 1;
    c.not_before = time_of(X509_get0_notBefore(cert.get()));
    c.not_after = time_of(X509_get0_notAfter(cert.get()));
    return c;
}

} // namespace hosting::cloudpanel
