// A row's domain, as people type it.
#include "core/domain_name.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "core/registered_domain.hpp"
#include "core/site_user.hpp"
#include "tests/fuzz/target.hpp"

namespace hosting::fuzz {
namespace {

void check_users(const std::string& domain) {
    const auto users = site_users_for("user_", domain);
    for (const auto& user : {users.preferred, users.hashed}) {
        must(user.size() <= site_user_limit && user.starts_with("user_"), "a user's name fits", user);
        must(may_own_sites(user), "a user is none of the system's", user);
        const cloudpanel::shell_word word(user); // throws where it is not harmless
    }
}

void check_registered(const std::string& domain) {
    const auto registered = registered_domain(domain);
    must(!registered.empty() && ('.' + domain).ends_with('.' + registered),
         "the registered domain is the end of the name", registered);
    must(registered_domain(registered) == registered, "a registered domain stays as it is", registered);
}

} // namespace

void check(std::string_view input) {
    const auto domain = normalise_domain(input);
    if (!domain) {
        must(domain.error().code == errc::domain_invalid, "a bad domain has one cause");
        must(is_plain(domain.error().detail, 160), "the sentence is plain and short", domain.error().detail);
        return;
    }
    constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    must(domain->find_first_not_of(harmless) == domain->npos, "a domain has harmless letters only", *domain);
    must(domain->size() <= 128 && contains(*domain, "."), "a domain is one that CloudPanel takes", *domain);
    must(!contains(*domain, "..") && !domain->starts_with('.') && !domain->ends_with('.') &&
             !domain->starts_with('-'),
         "a domain has no empty label and looks like no option or path", *domain);
    const auto again = normalise_domain(*domain);
    must(again && *again == *domain, "a domain stays as it is", *domain);

    check_users(*domain);
    check_registered(*domain);
}

} // namespace hosting::fuzz
