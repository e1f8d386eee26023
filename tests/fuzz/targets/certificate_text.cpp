// An installed certificate: PEM text or, so that the fuzzer gets inside, its DER form.
#include "adapters/cloudpanel/certificate_text.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "tests/fuzz/target.hpp"

#include <openssl/pem.h>

namespace hosting::fuzz {
namespace {

std::string pem_of(std::string_view der) {
    BIO* const out = BIO_new(BIO_s_mem());
    PEM_write_bio(out, "CERTIFICATE", "", reinterpret_cast<const unsigned char*>(der.data()),
                  static_cast<long>(der.size()));
    char* data = nullptr;
    const auto size = BIO_get_mem_data(out, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(out);
    return text;
}

} // namespace

void check(std::string_view input) {
    constexpr char der_sequence = '\x30';
    const std::string text = input.starts_with(der_sequence) ? pem_of(input) : std::string(input);
    const auto seen = cloudpanel::parse_certificate(text, "example.com");
    must(seen.has_value() == contains(text, "-----BEGIN CERT"), "a certificate is seen where one begins");
    if (!seen) return;

    const cloudpanel::shell_word word(seen->mark); // throws where it is not harmless
    must(contains(text, seen->mark), "the mark is a part of the text", seen->mark);
    must(seen->mark != "-", "the mark says that there is one");
    if (!seen->readable) {
        certificate nothing;
        nothing.mark = seen->mark;
        nothing.readable = false;
        must(*seen == nothing, "nothing is known of what cannot be read");
    }
    const std::chrono::system_clock::time_point now{std::chrono::seconds(1'800'000'000)};
    const auto verdict = judge(seen, now, std::chrono::hours(21 * 24));
    must(verdict != certificate_verdict::none, "something is installed");
    must(verdict != certificate_verdict::good || (seen->readable && seen->covers_domain && !seen->staging &&
                                                  !seen->self_signed && seen->not_after > now),
         "a good certificate is one in every respect");
}

} // namespace hosting::fuzz
