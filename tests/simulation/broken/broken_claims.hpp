// The leases of those who break a rule.
#pragma once

#include "core/ports/claims.hpp"

#include <map>
#include <string>

namespace simulation {

// Believes that what was once held is held.
class stubborn_claims final : public hosting::claims {
public:
    explicit stubborn_claims(hosting::claims& real)
        : real_(real) {}
    boost::asio::awaitable<hosting::result<hosting::claim_answer>>
    claim(hosting::claim_demand wanted) override {
        auto answer = co_await real_.claim(std::move(wanted));
        if (answer) answer->lost.clear();
        co_return answer;
    }
    [[nodiscard]] std::optional<hosting::fence> held(const std::string& site_id) const override {
        if (auto now = real_.held(site_id)) last_[site_id] = *now;
        const auto known = last_.find(site_id);
        return known == last_.end() ? std::nullopt : std::optional(known->second);
    }
    void give_back(std::string site_id) override { real_.give_back(std::move(site_id)); }
    boost::asio::awaitable<void> leave() override { return real_.leave(); }

private:
    hosting::claims& real_;
    mutable std::map<std::string, hosting::fence> last_;
};

} // namespace simulation
