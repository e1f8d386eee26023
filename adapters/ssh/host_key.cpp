#include "adapters/ssh/host_key.hpp"

#include <algorithm>
#include <array>
#include <openssl/evp.h>

namespace hosting::ssh {
namespace {

struct algorithm {
    std::string_view name;
    std::string_view type; // of the key that proves it
};

constexpr std::array<algorithm, 6> algorithms{{
    {"ssh-ed25519", "ssh-ed25519"},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
    {"rsa-sha2-512", "ssh-rsa"},
    {"rsa-sha2-256", "ssh-rsa"},
}};

} // namespace

std::string key_type(std::string_view key) {
    if (key.size() < 4) return {};
    std::size_t size = 0;
    for (const char c : key.substr(0, 4))
        size = size << 8 | static_cast<unsigned char>(c);
    if (size > 64 || size > key.size() - 4) return {};
    const auto name = key.substr(4, size);
    const bool printable = std::ranges::all_of(name, [](char c) { return c > ' ' && c < 0x7f; });
    return printable ? std::string(name) : std::string();
}

std::string base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const auto size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(std::max(size, 0)));
    return text;
}

std::string key_fingerprint(std::string_view key) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(key.data(), key.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
    auto text = base64({reinterpret_cast<const char*>(digest.data()), size});
    text.erase(std::min(text.find('='), text.size()));
    return "SHA256:" + text;
}

std::string known_hosts_name(std::string_view address, std::uint16_t port) {
    std::string name(address);
    std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return port == 22 ? name : "[" + name + "]:" + std::to_string(port);
}

std::string host_key_algorithms(const std::vector<std::string>& known_types) {
    std::string first;
    std::string rest;
    for (const auto& a : algorithms) {
        auto& list = std::ranges::find(known_types, a.type) != known_types.end() ? first : rest;
        list.append(list.empty() ? "" : ",").append(a.name);
    }
    return first + (first.empty() || rest.empty() ? "" : ",") + rest;
}

} // namespace hosting::ssh
