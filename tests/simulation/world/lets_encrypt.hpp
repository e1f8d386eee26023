// Let's Encrypt: its limits as it enforces them, by its own clock.
#pragma once

#include "tests/simulation/world/scene.hpp"
#include "tests/simulation/world/troubles.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace simulation {

class lets_encrypt {
public:
    lets_encrypt(scene& s, troubles& t, double orders_per_account);

    struct answer {
        enum class kind { accepted, rate_limited, not_validated, no_address };
        kind what = kind::accepted;
        std::optional<wall_time> retry_after; // where the server's words could be read
        std::string limit;                    // rate_limited by a limit of its own: which one; else empty
    };
    // An order of an account (a machine) for the names of a domain.
    [[nodiscard]] answer order(const std::string& account, const std::string& domain,
                               const std::string& site);
    // It was issued.
    void issued(const std::string& domain);

private:
    // Fills up again bit by bit.
    struct bucket {
        double left;
        steady_time at;
    };
    struct limit {
        double size;
        std::chrono::duration<double> window;
    };
    // Whether there was one left, which is taken then.
    bool has(const std::string& key, const limit& l);
    void take(const std::string& key, const limit& l);
    bucket& refilled(const std::string& key, const limit& l);
    void forget_full();

    scene& scene_;
    troubles& troubles_;
    limit orders_;
    std::unordered_map<std::string, bucket> buckets_;
    std::deque<std::pair<steady_time, std::string>>
        full_again_; // when a bucket that was used is full, at the latest
};

} // namespace simulation
