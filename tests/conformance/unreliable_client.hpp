// The network between a daemon and Supabase, at its worst when a test says so.
#pragma once

#include "adapters/http/client.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hosting::test {

enum class fate {
    unreachable, // nothing is sent
    lost_before, // sent, but it never arrives
    lost_after   // done, but the answer is lost
};

// Thread-safe.
class unreliable_client final : public http::client {
public:
    explicit unreliable_client(http::client& to)
        : to_(to) {}

    // What happens to the next calls of this function of the database ("claim"), one after the other.
    void next(const std::string& function, const std::vector<fate>& fates);
    // Whether all of that has happened.
    [[nodiscard]] bool is_done() const;

    boost::asio::awaitable<http::exchange> send(http::request what) override;
    void close() override { to_.close(); }

private:
    std::optional<fate> fate_of(const std::string& target);

    http::client& to_;
    mutable std::mutex mutex_;
    std::deque<std::pair<std::string, fate>> fates_;
};

} // namespace hosting::test
