// A private key as it stands in a row. CANARY stands for what no message may hold.
#include "adapters/ssh/private_key.hpp"
#include "tests/fuzz/target.hpp"

namespace hosting::fuzz {
namespace {

std::string with_line_ends(std::string_view text, std::string_view end) {
    std::string out;
    while (!text.empty())
        out.append(take_line(text)).append(end);
    return out;
}

// What people and forms make of a key is still that key.
void check_forms(const secret& key) {
    for (const auto* end : {"\n", "\r\n", "\\n", "\\r\\n", " ", "\n\t "}) {
        const auto again = ssh::check_private_key(secret(" " + with_line_ends(key.reveal(), end)));
        must(again && *again == key, "a key stays what it is, whatever its line ends", end);
    }
}

} // namespace

void check(std::string_view input) {
    const secret text{std::string(input)};
    const auto key = ssh::check_private_key(text);
    if (!key) {
        const auto& why = key.error();
        must(why.code == errc::ssh_key, "what is no key has one cause");
        must(is_plain(why.detail, 120), "the sentence is plain and short", why.detail);
        must(!contains(why.detail, "CANARY"), "the sentence quotes nothing of the text", why.detail);
        return;
    }
    const std::string& pem = key->reveal();
    must(pem.starts_with("-----BEGIN ") && pem.ends_with("PRIVATE KEY-----\n"), "a key is in PEM form");
    must(pem.find_first_of("\r\t\\") == pem.npos && is_plain(pem.substr(0, pem.find('\n')), 40),
         "a key has Unix line ends and nothing else");
    for (std::string_view rest = pem; !rest.empty();)
        must(take_line(rest).size() <= 64, "a key's lines are short");
    check_forms(*key);
}

} // namespace hosting::fuzz
