#include "adapters/ssh/private_key.hpp"

#include <algorithm>
#include <memory>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <optional>
#include <string>
#include <string_view>

namespace hosting::ssh {
namespace {

// A text that holds key material, wiped when it goes.
struct key_text {
    std::string value;
    key_text() = default;
    explicit key_text(std::string v)
        : value(std::move(v)) {}
    key_text(const key_text&) = delete;
    key_text& operator=(const key_text&) = delete;
    ~key_text() { OPENSSL_cleanse(value.data(), value.size()); }
};

failure no_key(std::string why) { return {errc::ssh_key, "the private key " + std::move(why)}; }

constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view dashes = "-----";

struct block {
    std::string_view label; // such as "RSA PRIVATE KEY"
    std::string_view body;
};

// The first PEM block from `text` on; `text` is moved behind it.
std::optional<block> next_block(std::string_view& text) {
    const auto begin = text.find(begin_mark);
    if (begin == text.npos) return std::nullopt;
    text.remove_prefix(begin + begin_mark.size());
    const auto label_end = text.find(dashes);
    if (label_end == text.npos || label_end > 40) return std::nullopt;
    block b;
    b.label = text.substr(0, label_end);
    text.remove_prefix(label_end + dashes.size());
    const auto body_end = text.find("-----END ");
    if (body_end == text.npos) return block{b.label, {}};
    b.body = text.substr(0, body_end);
    text.remove_prefix(body_end);
    return b;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=';
}

// Line ends that were written as a backslash and a letter, by JSON encoded twice or by a form.
void unescape_line_ends(std::string& text) {
    std::size_t to = 0;
    for (std::size_t from = 0; from < text.size(); ++from) {
        char c = text[from];
        if (c == '\\' && from + 1 < text.size() && (text[from + 1] == 'n' || text[from + 1] == 'r')) {
            c = '\n';
            ++from;
        }
        text[to++] = c;
    }
    OPENSSL_cleanse(text.data() + to, text.size() - to);
    text.resize(to);
}

std::string read_string(std::string_view& bytes) {
    if (bytes.size() < 4) return bytes = {}, std::string();
    std::size_t size = 0;
    for (const char c : bytes.substr(0, 4))
        size = size << 8 | static_cast<unsigned char>(c);
    bytes.remove_prefix(4);
    const std::string value(bytes.substr(0, size));
    bytes.remove_prefix(std::min(size, bytes.size()));
    return value;
}

std::optional<failure> judge_type(std::string_view type) {
    if (type == "ssh-ed25519" || type == "ssh-rsa" || type.starts_with("ecdsa-sha2-nistp"))
        return std::nullopt;
    if (type == "ssh-dss")
        return no_key("is a DSA key, which today's servers refuse: RSA, ECDSA or Ed25519 is needed");
    if (type.starts_with("sk-")) return no_key("is one of a hardware token, which is not here to sign");
    return no_key("is damaged: its content does not name a type of key");
}

// OPENSSH form (PROTOCOL.key of OpenSSH): magic, cipher, kdf, kdf options, number of keys, public key,
// private part.
std::optional<failure> judge_openssh(const key_text& body) {
    key_text raw(std::string(body.value.size() / 4 * 3 + 3, '\0'));
    const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.value.data()),
                                      reinterpret_cast<const unsigned char*>(body.value.data()),
                                      static_cast<int>(body.value.size()));
    constexpr std::string_view magic("openssh-key-v1\0", 15);
    std::string_view bytes(raw.value.data(), static_cast<std::size_t>(std::max(size, 0)));
    if (!bytes.starts_with(magic)) return no_key("is damaged: some of its text is missing or was changed");
    bytes.remove_prefix(magic.size());
    const auto cipher = read_string(bytes);
    if (cipher != "none") return no_key("is protected by a passphrase; one without is needed");
    read_string(bytes); // kdf
    read_string(bytes); // its options
    if (bytes.size() < 4) return no_key("is damaged: its end is missing");
    bytes.remove_prefix(4);
    const auto public_key = read_string(bytes);
    std::string_view inside(public_key);
    if (const auto bad = judge_type(read_string(inside))) return bad;
    if (bytes.size() < 4) return no_key("is damaged: its end is missing");
    const std::string_view length = bytes.substr(0, 4);
    std::size_t private_size = 0;
    for (const char c : length)
        private_size = private_size << 8 | static_cast<unsigned char>(c);
    bytes.remove_prefix(4);
    if (private_size > bytes.size() || private_size < 16) return no_key("is damaged: its end is missing");
    // Two equal random numbers stand before the key, to tell a wrong passphrase; here they tell a damage.
    if (bytes.substr(0, 4) != bytes.substr(4, 4)) return no_key("is damaged: some of its text was changed");
    return std::nullopt;
}

int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<failure> judge_pem(const key_text& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(pem.value.data(), static_cast<int>(pem.value.size())), &BIO_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(in.get(), nullptr, &no_passphrase, nullptr), &EVP_PKEY_free);
    ERR_clear_error();
    if (!key) return no_key("is damaged: some of its text is missing or was changed");
    switch (EVP_PKEY_base_id(key.get())) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_EC:
    case EVP_PKEY_ED25519: return std::nullopt;
    case EVP_PKEY_DSA: return judge_type("ssh-dss");
    default: return no_key("is of a type that SSH does not use: RSA, ECDSA or Ed25519 is needed");
    }
}

failure judge_not_private(std::string_view text, const std::optional<block>& found) {
    if (std::ranges::all_of(text, is_blank)) return no_key("is empty");
    const auto first = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    for (const std::string_view type : {"ssh-rsa ", "ssh-ed25519 ", "ssh-dss ", "ecdsa-sha2-", "sk-"})
        if (first.starts_with(type)) return no_key("is a public key; the private one is needed");
    if (first.starts_with("PuTTY-User-Key-File")) return no_key("is in PuTTY's form; export it in OpenSSH's");
    if (!found) return no_key("is no private key: it has no line -----BEGIN ... PRIVATE KEY-----");
    if (found->label.ends_with("PUBLIC KEY")) return no_key("is a public key; the private one is needed");
    if (found->label.ends_with("CERTIFICATE")) return no_key("is a certificate; the private key is needed");
    return no_key("is no private key, but something else in PEM form");
}

bool known_label(std::string_view label) {
    return label == "RSA PRIVATE KEY" || label == "EC PRIVATE KEY" || label == "PRIVATE KEY" ||
           label == "OPENSSH PRIVATE KEY" || label == "DSA PRIVATE KEY";
}

// The body as one line of base64.
std::optional<failure> squeeze(const block& found, std::string& into) {
    if (found.body.empty()) return no_key("is cut off: it has no line -----END ... PRIVATE KEY-----");
    if (found.label.starts_with("ENCRYPTED") || found.body.find(",ENCRYPTED") != found.body.npos)
        return no_key("is protected by a passphrase; one without is needed");
    into.reserve(found.body.size() + 1);
    for (const char c : found.body) {
        if (is_blank(c)) continue;
        if (!is_base64(c)) return no_key("is damaged: it holds characters that no key has");
        into.push_back(c);
    }
    if (into.empty() || into.size() % 4 != 0) return no_key("is damaged: some of its text is missing");
    return std::nullopt;
}

std::string wrapped(std::string_view label, std::string_view body) {
    constexpr std::size_t line = 64;
    std::string pem;
    pem.reserve(body.size() + body.size() / line + 2 * (label.size() + 20));
    pem.append("-----BEGIN ").append(label).append("-----\n");
    for (; !body.empty(); body.remove_prefix(std::min(line, body.size())))
        pem.append(body.substr(0, line)).append("\n");
    return pem.append("-----END ").append(label).append("-----\n");
}

} // namespace

result<secret> check_private_key(const secret& text) {
    key_text plain(text.reveal());
    if (plain.value.find("\\n") != plain.value.npos) unescape_line_ends(plain.value);

    std::string_view rest(plain.value);
    std::optional<block> first;
    std::optional<block> found;
    while (auto b = next_block(rest)) {
        if (!first) first = b;
        if (!b->label.ends_with("PRIVATE KEY")) continue;
        found = b;
        break;
    }
    if (!found) return judge_not_private(plain.value, first);

    key_text body;
    if (auto bad = squeeze(*found, body.value)) return *bad;
    if (!known_label(found->label))
        return no_key("is in a form that is not known here: PEM, PKCS8 or OPENSSH is needed");
    key_text pem(wrapped(found->label, body.value));
    if (auto bad = found->label.starts_with("OPENSSH") ? judge_openssh(body) : judge_pem(pem)) return *bad;
    return secret(pem.value);
}

} // namespace hosting::ssh
