#include "adapters/shared_queue/book.hpp"

#include <algorithm>
#include <utility>

namespace hosting::shared_queue {

void book::belongs_to(std::string queue) {
    const std::lock_guard lock(mutex_);
    queue_ = std::move(queue);
}

std::string book::queue() const {
    const std::lock_guard lock(mutex_);
    return queue_;
}

void book::add(const std::string& site_id, std::uint64_t token, steady_time now) {
    const std::lock_guard lock(mutex_);
    held_.insert_or_assign(site_id, entry{token, now});
}

std::optional<std::uint64_t> book::remove(const std::string& site_id) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.extract(site_id);
    return found ? std::optional(found.mapped().token) : std::nullopt;
}

std::optional<std::uint64_t> book::token(const std::string& site_id) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(site_id);
    return found == held_.end() ? std::nullopt : std::optional(found->second.token);
}

bool book::empty() const {
    const std::lock_guard lock(mutex_);
    return held_.empty();
}

tokens book::all() const {
    const std::lock_guard lock(mutex_);
    tokens out;
    for (const auto& [id, entry] : held_)
        out.emplace_hint(out.end(), id, entry.token);
    return out;
}

std::optional<fence> book::held(const std::string& site_id, steady_time now) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(site_id);
    if (found == held_.end() || now >= ends_ - lease_ / 10) return std::nullopt;
    return fence{queue_, found->second.token};
}

std::vector<std::string> book::renewed(const tokens& there, steady_time asked) {
    const std::lock_guard lock(mutex_);
    ends_ = std::max(ends_, asked + lease_);
    std::vector<std::string> lost;
    for (auto it = held_.begin(); it != held_.end();) {
        const auto found = there.find(it->first);
        const bool ours = found != there.end() && found->second == it->second.token;
        if (ours || it->second.since >= asked) {
            ++it;
            continue;
        }
        lost.push_back(it->first);
        it = held_.erase(it);
    }
    return lost;
}

std::vector<std::string> book::lose_all() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lost;
    for (auto& [id, entry] : std::exchange(held_, {}))
        lost.push_back(id);
    return lost;
}

} // namespace hosting::shared_queue
