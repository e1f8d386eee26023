// Matomo: every addSite makes a site, whatever there is already.
#pragma once

#include "tests/simulation/world/scene.hpp"
#include "tests/simulation/world/troubles.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace simulation {

class matomo {
public:
    matomo(scene& s, troubles& t)
        : scene_(s)
        , troubles_(t) {}

    // The lowest id of the sites with this URL; of those with this name and no URL.
    [[nodiscard]] std::optional<std::int64_t> find(const std::string& domain) const;
    [[nodiscard]] std::optional<std::int64_t> find_half_made(const std::string& domain) const;
    std::int64_t add(const std::string& domain);
    // The worker dies between the two inserts: a site with a name and no URL.
    void add_half(const std::string& domain);
    void complete(std::int64_t id, const std::string& domain);

    // A call with the token. False: it is refused; too many of these lock the whole address out.
    [[nodiscard]] bool takes_token();
    [[nodiscard]] bool is_down() const { return troubles_.any(fault::matomo_down); }

    // Sites with this URL.
    [[nodiscard]] std::size_t count(const std::string& domain) const;
    [[nodiscard]] bool was_locked_out() const noexcept { return was_locked_out_; }
    // An addSite is under way whose caller waits no longer, or will not. If the daemon dies meanwhile, the
    // next life cannot know of it, and adds another.
    void late_add_begins(const std::string& domain) { late_.insert(domain); }
    void late_add_ends(const std::string& domain) { late_.erase(domain); }
    // Another daemon is at it, too: one that lost the site meanwhile. Neither can know of the other.
    void two_at_once(const std::string& domain) { unknowable_.insert(domain); }
    [[nodiscard]] bool is_late(const std::string& domain) const { return late_.contains(domain); }
    void daemon_died() { unknowable_.insert(late_.begin(), late_.end()); }
    [[nodiscard]] bool may_have_two(const std::string& domain) const { return unknowable_.contains(domain); }
    void forget(const std::string& domain);

private:
    struct entry {
        std::vector<std::int64_t> whole;
        std::vector<std::int64_t> half; // without URL
    };
    scene& scene_;
    troubles& troubles_;
    std::unordered_map<std::string, entry> sites_;
    std::vector<steady_time> refused_;
    std::set<std::string> late_;
    std::set<std::string> unknowable_;
    bool was_locked_out_ = false;
    std::int64_t next_id_ = 1;
};

} // namespace simulation
