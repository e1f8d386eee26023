#include "adapters/cloudpanel/certificate_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <memory>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <vector>

namespace hosting::cloudpanel {
namespace {

template<auto Free>
struct deleter {
    template<class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using x509_ptr = std::unique_ptr<X509, deleter<X509_free>>;

// Knows no algorithm: with OpenSSL's default, three quarters of the work on a certificate would go into
// making its key usable, which nobody uses.
class keyless_library {
public:
    OSSL_LIB_CTX* context() const noexcept { return context_.get(); }

private:
    std::unique_ptr<OSSL_LIB_CTX, deleter<OSSL_LIB_CTX_free>> context_{OSSL_LIB_CTX_new()};
    std::unique_ptr<OSSL_PROVIDER, deleter<OSSL_PROVIDER_unload>> none_{
        OSSL_PROVIDER_load(context_.get(), "null")};
};

constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

constexpr auto base64_values = [] {
    std::array<signed char, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < 64; ++i)
        values[static_cast<unsigned char>(base64[i])] = static_cast<signed char>(i);
    return values;
}();

// What is written between the first BEGIN and its END; empty where that is no base64. OpenSSL's reader takes
// as long for this as for all the rest.
std::vector<unsigned char> decoded(std::string_view pem) {
    const auto begin = std::min(pem.find('\n'), pem.size());
    const auto text = pem.substr(begin, std::min(pem.find("-----END"), pem.size()) - begin);
    std::vector<unsigned char> out;
    out.reserve(text.size());
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == '=') continue;
        const auto value = base64_values[static_cast<unsigned char>(c)];
        if (value < 0) return {};
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<unsigned char>(bits >> held));
    }
    return out;
}

x509_ptr read(std::string_view pem) {
    static const keyless_library library;
    const auto der = decoded(pem);
    const unsigned char* at = der.data();
    X509* cert = X509_new_ex(library.context(), nullptr);
    if (!d2i_X509(&cert, &at, static_cast<long>(der.size()))) cert = nullptr; // freed there
    ERR_clear_error();
    return x509_ptr(cert);
}

std::chrono::system_clock::time_point time_of(const ASN1_TIME* when) {
    using namespace std::chrono;
    std::tm parts{};
    if (when == nullptr || ASN1_TIME_to_tm(when, &parts) != 1) return {};
    // A certificate may be for ever (9999-12-31), but the clock's nanoseconds end in 2262.
    const sys_seconds latest = floor<seconds>(system_clock::time_point::max());
    return std::clamp(sys_seconds(seconds(timegm(&parts))), sys_seconds(), latest);
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
// signature. Where the text is no certificate's, what every text that counts as one has will do.
std::string mark_of(std::string_view pem) {
    constexpr std::size_t long_enough = 40;
    constexpr std::string_view in_each = "CERT";
    std::string_view leaf = pem.substr(0, pem.find("-----END"));
    while (!leaf.empty()) {
        const auto break_at = leaf.rfind('\n');
        const auto line = leaf.substr(break_at == leaf.npos ? 0 : break_at + 1);
        if (line.size() >= long_enough && line.find_first_not_of(base64) == line.npos)
            return std::string(line);
        leaf = break_at == leaf.npos ? std::string_view{} : leaf.substr(0, break_at);
    }
    return std::string(in_each);
}

} // namespace

std::optional<certificate> parse_certificate(std::string_view pem, std::string_view domain) {
    const auto begin = pem.find("-----BEGIN CERT");
    if (begin == std::string_view::npos) return std::nullopt;
    pem.remove_prefix(begin);
    const x509_ptr cert = read(pem);
    certificate c;
    c.mark = mark_of(pem);
    if (!cert) {
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
