// Which rows one life of a daemon holds in the shared queue, and until when that is certain.
#pragma once

#include "core/steps.hpp"
#include "tests/simulation/ports/life_clock.hpp"
#include "tests/simulation/world/shared_queue.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

class lease_book {
public:
    lease_book(life_clock& clock, std::string worker, milliseconds lease)
        : clock_(clock)
        , worker_(std::move(worker))
        , lease_(lease) {}

    [[nodiscard]] const std::string& worker() const noexcept { return worker_; }
    [[nodiscard]] milliseconds lease() const noexcept { return lease_; }
    [[nodiscard]] bool is_empty() const noexcept { return tokens_.empty(); }
    [[nodiscard]] steady_time renewed_at() const noexcept { return renewed_at_; }

    // The database holds these for us, as of a request that was sent then.
    void renewed(steady_time sent, const std::map<std::string, std::uint64_t>& held) {
        renewed_at_ = sent;
        for (auto it = tokens_.begin(); it != tokens_.end();) {
            const auto here = it++;
            const auto there = held.find(here->first);
            if (there != held.end() && there->second == here->second) continue;
            lost_.push_back(here->first);
            tokens_.erase(here);
        }
    }
    void add(const std::string& site_id, std::uint64_t token) { tokens_[site_id] = token; }
    void forget(const std::string& site_id) { tokens_.erase(site_id); }
    [[nodiscard]] std::vector<std::string> take_lost() { return std::exchange(lost_, {}); }

    [[nodiscard]] std::optional<std::uint64_t> token(const std::string& site_id) const {
        const auto found = tokens_.find(site_id);
        return found == tokens_.end() ? std::nullopt : std::optional(found->second);
    }
    // nullopt: not ours, or it may soon not be any more.
    [[nodiscard]] std::optional<hosting::fence> held(const std::string& site_id) const {
        const auto ours = token(site_id);
        if (!ours || clock_.steady() >= renewed_at_ + lease_ - lease_ / 10) return std::nullopt;
        return hosting::fence{std::string(shared_queue::id), *ours};
    }

private:
    life_clock& clock_;
    std::string worker_;
    milliseconds lease_;
    steady_time renewed_at_ = steady_time::min();
    std::map<std::string, std::uint64_t> tokens_;
    std::vector<std::string> lost_; // that the core was not told of
};

} // namespace simulation
