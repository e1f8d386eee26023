#include "tests/conformance/unreliable_client.hpp"

#include <algorithm>

namespace hosting::test {

void unreliable_client::next(const std::string& function, const std::vector<fate>& fates) {
    const std::lock_guard lock(mutex_);
    for (const auto each : fates)
        fates_.emplace_back("/rpc/hosting_automator_" + function, each);
}

bool unreliable_client::is_done() const {
    const std::lock_guard lock(mutex_);
    return fates_.empty();
}

std::optional<fate> unreliable_client::fate_of(const std::string& target) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(fates_, [&](const auto& each) { return target.ends_with(each.first); });
    if (found == fates_.end()) return std::nullopt;
    const fate out = found->second;
    fates_.erase(found);
    return out;
}

boost::asio::awaitable<http::exchange> unreliable_client::send(http::request what) {
    using kind = http::transport_failure::kind;
    const auto happens = fate_of(what.target);
    if (!happens) co_return co_await to_.send(std::move(what));
    http::transport_failure failed{kind::outcome_unknown, "the test's network lost the answer"};
    if (*happens == fate::unreachable) failed.what = kind::unreachable;
    if (*happens == fate::lost_after) (void)co_await to_.send(std::move(what));
    co_return failed;
}

} // namespace hosting::test
