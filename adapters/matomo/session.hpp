// Calls to one Matomo with credentials that were proved, and silence once they are refused.
#pragma once

#include "adapters/http/slots.hpp"
#include "adapters/matomo/matomo.hpp"
#include "adapters/matomo/requests.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hosting::matomo {

// Not thread-safe: every call on one strand.
class session {
public:
    using make_request = std::function<http::request(const target&)>;

    session(http::client& over, credentials_source source, timing when);

    // One call. The answer may be any but a refusal of the token, which is the failure matomo_refused here.
    // `lost` (if given): the request was sent and no answer came.
    boost::asio::awaitable<result<http::response>> call(make_request make, bool* lost = nullptr);

    // The credentials must be proved again before the next call: something they should allow did not work.
    void doubt() { proved_ = false; }

    // An answer that only a good token gets. 4.x answers a bad one, too, as if there were no sites, so that
    // many calls without such an answer prove nothing, and each may be a failed login.
    void accepted() { unproved_calls_ = 0; }

private:
    using time_point = std::chrono::steady_clock::time_point;

    boost::asio::awaitable<result<target>> ready();
    boost::asio::awaitable<std::optional<failure>> ask_source();
    boost::asio::awaitable<std::optional<failure>> prove();
    boost::asio::awaitable<bool> serves_others();
    [[nodiscard]] bool is_fresh(time_point now) const;
    [[nodiscard]] bool is_silent(time_point now) const { return now < silent_until_; }
    void be_silent(const failure& why);

    http::client& client_;
    credentials_source source_;
    timing timing_;
    std::shared_ptr<http::slots> calls_;
    std::shared_ptr<http::slots> preparing_; // one at a time asks the source and proves what it gives

    std::optional<credentials> given_;
    std::optional<target> target_;
    std::optional<time_point> asked_at_; // nullopt: ask before the next call
    bool proved_ = false;
    unsigned unproved_calls_ = 0;
    time_point silent_until_{};
    failure refusal_;
};

} // namespace hosting::matomo
