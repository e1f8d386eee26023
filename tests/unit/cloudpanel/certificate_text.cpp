#include "adapters/cloudpanel/certificate_text.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

using hosting::cloudpanel::parse_certificate;

namespace {

struct free_all {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(BIO* p) const { BIO_free_all(p); }
    void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template<class T>
using owned = std::unique_ptr<T, free_all>;

EVP_PKEY* key() {
    static const owned<EVP_PKEY> one(EVP_RSA_gen(2048));
    return one.get();
}

void set_name(X509_NAME* name, const std::string& text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
}

std::string make(const std::string& subject, const std::string& issuer, const std::string& names, int days) {
    const owned<X509> cert(X509_new());
    X509_set_version(cert.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1);
    auto now = std::time(nullptr);
    X509_time_adj(X509_getm_notBefore(cert.get()), 0, &now);
    X509_time_adj(X509_getm_notAfter(cert.get()), 86'400L * days, &now);
    set_name(X509_get_subject_name(cert.get()), subject);
    set_name(X509_get_issuer_name(cert.get()), issuer);
    const owned<X509_EXTENSION> san(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str()));
    X509_add_ext(cert.get(), san.get(), -1);
    X509_set_pubkey(cert.get(), key());
    X509_sign(cert.get(), key(), EVP_sha256());
    const owned<BIO> out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), cert.get());
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(certificate_text)

BOOST_AUTO_TEST_CASE(a_good_one) {
    const auto pem = make("example.com", "R11", "DNS:example.com,DNS:www.example.com", 90);
    const auto c = parse_certificate(pem + make("R11", "ISRG Root X1", "DNS:x", 900), "example.com");
    BOOST_REQUIRE(c.has_value());
    BOOST_TEST(!c->self_signed);
    BOOST_TEST(!c->staging);
    BOOST_TEST(c->covers_domain);
    BOOST_TEST((c->not_after - c->not_before == std::chrono::hours(24 * 90)));
    BOOST_TEST(c->mark.size() == 64U);
    BOOST_TEST(pem.find("\n" + c->mark + "\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_seen) {
    BOOST_TEST(parse_certificate(make("a.com", "a.com", "DNS:a.com", 90), "a.com")->self_signed);
    BOOST_TEST(parse_certificate(make("a.com", "(STAGING) Riddling Rhubarb R12", "DNS:a.com", 90), "a.com")
                   ->staging);
    BOOST_TEST(!parse_certificate(make("a.com", "R11", "DNS:a.com", 90), "b.com")->covers_domain);
    BOOST_TEST(parse_certificate(make("a.com", "R11", "DNS:*.a.com", 90), "b.a.com")->covers_domain);
}

BOOST_AUTO_TEST_CASE(one_for_ever_is_valid) {
    const std::chrono::system_clock::time_point now{std::chrono::hours(24 * 365 * 60)};
    const auto c = parse_certificate(make("a.com", "R11", "DNS:a.com", 365 * 7'900), "a.com");
    BOOST_TEST((c->not_after > now + std::chrono::hours(24 * 365 * 100)));
    BOOST_TEST((hosting::judge(c, now, std::chrono::hours(24 * 21)) == hosting::certificate_verdict::good));
}

BOOST_AUTO_TEST_CASE(two_certificates_have_two_marks) {
    BOOST_TEST(parse_certificate(make("a.com", "R11", "DNS:a.com", 90), "a.com")->mark !=
               parse_certificate(make("a.com", "R11", "DNS:a.com", 91), "a.com")->mark);
}

BOOST_AUTO_TEST_CASE(what_is_none) {
    BOOST_TEST(!parse_certificate("", "a.com").has_value());
    BOOST_TEST(!parse_certificate(std::string(100'000, '-'), "a.com").has_value());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_has_a_mark_all_the_same) {
    const auto pem = make("a.com", "R11", "DNS:a.com", 90);
    for (const auto& text :
         {pem.substr(0, pem.size() / 2),
          std::string("-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----\n"),
          std::string("-----BEGIN CERTIFICATE REQUEST-----\nAB\n"), std::string("-----BEGIN CERT")}) {
        const auto c = parse_certificate(text, "a.com");
        BOOST_REQUIRE(c.has_value());
        BOOST_TEST(!c->readable);
        BOOST_TEST(text.find(c->mark) != std::string::npos);
        BOOST_TEST(c->mark != "-");
    }
}

BOOST_AUTO_TEST_SUITE_END()
