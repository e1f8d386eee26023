#include "core/site_user.hpp"

#include <algorithm>
#include <array>
#include <openssl/sha.h>

namespace hosting {
namespace {

constexpr std::size_t hash_digits = 8;

std::string sha256_prefix(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < hash_digits / 2; ++i) {
        out.push_back(hex[digest[i] >> 4]);
        out.push_back(hex[digest[i] & 15]);
    }
    return out;
}

// base-passwd's list, with the users that CloudPanel's packages and OpenSSH add.
constexpr std::array<std::string_view, 32> system_users{
    "_apt",  "backup", "bin",    "clp",      "clp-update", "daemon",  "dovecot",    "games",
    "gnats", "irc",    "list",   "lp",       "mail",       "man",     "messagebus", "mysql",
    "news",  "nginx",  "nobody", "opendkim", "postfix",    "proftpd", "proxy",      "redis",
    "root",  "sshd",   "sync",   "sys",      "uucp",       "varnish", "vcache",     "www-data"};
static_assert(std::is_sorted(system_users.begin(), system_users.end()));

} // namespace

site_users site_users_for(std::string_view prefix, std::string_view domain) {
    std::string bare;
    std::copy_if(domain.begin(), domain.end(), std::back_inserter(bare), [](char c) { return c != '.'; });
    const std::string head(prefix);
    const std::size_t room = site_user_limit - std::min(site_user_limit, prefix.size() + 1 + hash_digits);
    const std::string hashed = head + bare.substr(0, room) + '_' + sha256_prefix(domain);
    const bool fits = head.size() + bare.size() <= site_user_limit;
    return {fits ? head + bare : hashed, hashed};
}

bool may_own_sites(std::string_view user) noexcept {
    return !user.empty() && !user.starts_with("systemd-") &&
           !std::binary_search(system_users.begin(), system_users.end(), user);
}

} // namespace hosting
