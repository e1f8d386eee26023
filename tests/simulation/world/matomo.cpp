#include "tests/simulation/world/matomo.hpp"

#include <algorithm>

namespace simulation {
namespace {

constexpr std::size_t refusals_before_lockout = 21; // within an hour

std::optional<std::int64_t> lowest(const std::vector<std::int64_t>& ids) {
    return ids.empty() ? std::nullopt : std::optional(std::ranges::min(ids));
}

} // namespace

std::optional<std::int64_t> matomo::find(const std::string& domain) const {
    const auto found = sites_.find(domain);
    return found == sites_.end() ? std::nullopt : lowest(found->second.whole);
}

std::optional<std::int64_t> matomo::find_half_made(const std::string& domain) const {
    const auto found = sites_.find(domain);
    return found == sites_.end() ? std::nullopt : lowest(found->second.half);
}

std::int64_t matomo::add(const std::string& domain) {
    scene_.say("Matomo: " + domain + " is site " + std::to_string(next_id_));
    sites_[domain].whole.push_back(next_id_);
    return next_id_++;
}

void matomo::add_half(const std::string& domain) {
    scene_.say("Matomo: " + domain + " is site " + std::to_string(next_id_) + ", without URL");
    sites_[domain].half.push_back(next_id_++);
}

void matomo::complete(std::int64_t id, const std::string& domain) {
    auto& e = sites_[domain];
    if (std::erase(e.half, id) > 0) e.whole.push_back(id);
}

bool matomo::takes_token() {
    const auto now = scene_.time.now();
    std::erase_if(refused_, [&](steady_time t) { return t + 1h <= now; });
    if (refused_.size() >= refusals_before_lockout) {
        was_locked_out_ = true;
        return false;
    }
    if (!troubles_.any(fault::matomo_refuses)) return true;
    refused_.push_back(now);
    return false;
}

std::size_t matomo::count(const std::string& domain) const {
    const auto found = sites_.find(domain);
    return found == sites_.end() ? 0 : found->second.whole.size();
}

void matomo::forget(const std::string& domain) { sites_.erase(domain); }

} // namespace simulation
