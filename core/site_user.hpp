// The names of the system users that own sites.
#pragma once

#include <string>
#include <string_view>

namespace hosting {

inline constexpr std::size_t site_user_limit = 32; // characters; Linux's and CloudPanel's

// The two names that a site's user may have.
struct site_users {
    std::string preferred; // prefix + domain without dots, if that fits; else the same as `hashed`
    std::string hashed;    // prefix + first characters + '_' + 8 hex digits of the domain's SHA-256

    // Whether a user is one that we would have chosen; any other owner of the site is a foreign one.
    [[nodiscard]] bool has(std::string_view user) const noexcept {
        return user == preferred || user == hashed;
    }
};

// `domain` as normalise_domain makes it; `prefix` as the configuration checked it.
[[nodiscard]] site_users site_users_for(std::string_view prefix, std::string_view domain);

// Whether a user may own a site: not root, not CloudPanel's own `clp`, none of Debian's system users.
[[nodiscard]] bool may_own_sites(std::string_view user) noexcept;

} // namespace hosting
