// The rows that are ours, and until when they certainly are.
#pragma once

#include "core/moment.hpp"
#include "core/steps.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace hosting::shared_queue {

using tokens = std::map<std::string, std::uint64_t>; // by row

// Thread-safe.
class book {
public:
    explicit book(std::chrono::milliseconds lease)
        : lease_(lease) {}

    // By which the servers know the tokens.
    void belongs_to(std::string queue);
    [[nodiscard]] std::string queue() const;

    void add(const std::string& site_id, std::uint64_t token, steady_time now);
    // The token, if it was there.
    std::optional<std::uint64_t> remove(const std::string& site_id);
    [[nodiscard]] std::optional<std::uint64_t> token(const std::string& site_id) const;
    [[nodiscard]] bool empty() const;
    [[nodiscard]] tokens all() const;

    // Whether nothing may be begun for it any more is judged a tenth of the lease before that ends.
    [[nodiscard]] std::optional<fence> held(const std::string& site_id, steady_time now) const;

    // A request that left us at `asked` was answered: the database holds these rows for us. Gives those that
    // were here and are not there; rows that were added since are no concern of that answer.
    std::vector<std::string> renewed(const tokens& there, steady_time asked);
    // Nothing is held any more; gives what was.
    std::vector<std::string> lose_all();

private:
    struct entry {
        std::uint64_t token;
        steady_time since;
    };

    const std::chrono::milliseconds lease_;
    mutable std::mutex mutex_;
    std::string queue_;
    std::map<std::string, entry> held_;
    steady_time ends_;
};

} // namespace hosting::shared_queue
