#include "certificates.hpp"

#include <fstream>
#include <memory>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdexcept>
#include <unistd.h>

namespace {

using key_handle = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using certificate_handle = std::unique_ptr<X509, decltype(&X509_free)>;
using memory_handle = std::unique_ptr<BIO, decltype(&BIO_free)>;

void need(bool worked) {
    if (!worked) throw std::runtime_error("OpenSSL refuses to make a test certificate");
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

memory_handle memory_of(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

void extend(X509* certificate, X509* issuer, int what, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, &context, what, value), &X509_EXTENSION_free);
    need(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Signed by `issuer`, or by itself where that is null.
test_certificate make(const std::string& name, const test_certificate* issuer,
                      const std::string& alternative_name, long valid_for_seconds) {
    static long serial = 1;
    key_handle key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    certificate_handle made(X509_new(), &X509_free);
    need(key && made);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), valid_for_seconds);
    X509_set_pubkey(made.get(), key.get());
    auto* bytes = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, bytes, -1, -1, 0);

    certificate_handle parent(nullptr, &X509_free);
    key_handle parent_key(nullptr, &EVP_PKEY_free);
    if (issuer) {
        parent.reset(PEM_read_bio_X509(memory_of(issuer->certificate_pem).get(), nullptr, nullptr, nullptr));
        parent_key.reset(
            PEM_read_bio_PrivateKey(memory_of(issuer->key_pem).get(), nullptr, nullptr, nullptr));
        extend(made.get(), parent.get(), NID_subject_alt_name, alternative_name.c_str());
    } else {
        extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE");
        extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign");
    }
    X509_set_issuer_name(made.get(), X509_get_subject_name(parent ? parent.get() : made.get()));
    need(X509_sign(made.get(), parent_key ? parent_key.get() : key.get(), EVP_sha256()) > 0);

    memory_handle out(BIO_new(BIO_s_mem()), &BIO_free);
    memory_handle key_out(BIO_new(BIO_s_mem()), &BIO_free);
    need(PEM_write_bio_X509(out.get(), made.get()) == 1);
    need(PEM_write_bio_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
    return {text_of(out.get()), text_of(key_out.get())};
}

} // namespace

test_ca::test_ca(const std::string& name)
    : own_(make(name, nullptr, "", 86'400)) {}

test_certificate test_ca::issue(const std::string& alternative_name, long valid_for_seconds) const {
    return make("a server", &own_, alternative_name, valid_for_seconds);
}

temporary_file::temporary_file(const std::string& content) {
    std::string name = (std::filesystem::temp_directory_path() / "hosting-test-XXXXXX").string();
    int fd = ::mkstemp(name.data());
    need(fd >= 0);
    ::close(fd);
    path_ = name;
    std::ofstream(path_) << content;
}

temporary_file::~temporary_file() { std::filesystem::remove(path_); }
