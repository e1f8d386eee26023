#include "tests/simulation/world/lets_encrypt.hpp"

#include "core/order_log.hpp"
#include "core/registered_domain.hpp"

#include <algorithm>

namespace simulation {
namespace {

using kind = lets_encrypt::answer::kind;
constexpr std::chrono::duration<double> week = std::chrono::hours(7 * 24);

} // namespace

lets_encrypt::lets_encrypt(scene& s, troubles& t, double orders_per_account)
    : scene_(s)
    , troubles_(t)
    , orders_{orders_per_account, 3h} {}

lets_encrypt::answer lets_encrypt::order(const std::string& account, const std::string& domain,
                                         const std::string& site) {
    const limit per_registered{50, week};
    const limit per_names{5, week};
    const limit failures{5, 1h};
    forget_full();
    if (troubles_.of_site(fault::acme_refuses, site)) {
        std::optional<wall_time> told;
        if (scene_.chance.chance(0.3)) told = scene_.true_wall() + scene_.chance.between(10min, 20h);
        return {kind::rate_limited, told, {}};
    }
    const std::string registered = hosting::registered_domain(domain);
    const std::string names(hosting::names_of(domain, registered));
    const std::string failed_here = "failed " + account + " " + names;
    if (!has("account " + account, orders_)) return {kind::rate_limited, {}, "orders of an account"};
    if (!has("registered " + registered, per_registered))
        return {kind::rate_limited, {}, "certificates of a registered domain"};
    if (!has("names " + names, per_names)) return {kind::rate_limited, {}, "certificates of the same names"};
    if (!has(failed_here, failures)) return {kind::rate_limited, {}, "failed validations"};
    take("account " + account, orders_);
    const bool no_address = troubles_.of_site(fault::no_address, site);
    if (no_address || troubles_.of_site(fault::not_validated, site)) {
        take(failed_here, failures);
        return {no_address ? kind::no_address : kind::not_validated, {}, {}};
    }
    return {};
}

void lets_encrypt::issued(const std::string& domain) {
    const std::string registered = hosting::registered_domain(domain);
    take("registered " + registered, {50, week});
    take("names " + std::string(hosting::names_of(domain, registered)), {5, week});
}

lets_encrypt::bucket& lets_encrypt::refilled(const std::string& key, const limit& l) {
    const auto now = scene_.time.now();
    auto& b = buckets_.try_emplace(key, bucket{l.size, now}).first->second;
    const std::chrono::duration<double> since = now - b.at;
    b = {std::min(l.size, b.left + since / l.window * l.size), now};
    return b;
}

bool lets_encrypt::has(const std::string& key, const limit& l) {
    return !buckets_.contains(key) || refilled(key, l).left >= 1;
}

void lets_encrypt::take(const std::string& key, const limit& l) {
    refilled(key, l).left -= 1;
    full_again_.emplace_back(scene_.time.now() + std::chrono::hours(7 * 24), key);
}

// By then whatever was taken at that time is there again; whoever took from it since stands behind.
void lets_encrypt::forget_full() {
    while (!full_again_.empty() && full_again_.front().first <= scene_.time.now()) {
        const auto used = buckets_.find(full_again_.front().second);
        if (used != buckets_.end() && used->second.at + std::chrono::hours(7 * 24) <= scene_.time.now())
            buckets_.erase(used);
        full_again_.pop_front();
    }
}

} // namespace simulation
