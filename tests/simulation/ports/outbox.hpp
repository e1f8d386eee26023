// What one life of a daemon has to tell the shared queue: written soon, in batches, in its order.
#pragma once

#include "core/server_turns.hpp"
#include "tests/simulation/ports/supabase_link.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace simulation {

class outbox {
public:
    outbox(world& w, life_clock& clock, asio::any_io_executor executor);

    // Of two writes with the same key the later one stands.
    using write = std::function<void(shared_queue&)>;
    void put(std::string key, write what);
    [[nodiscard]] bool has(const std::string& key) const;

    // Returns when all that was put before is written, or with what kept that from happening.
    asio::awaitable<std::optional<hosting::failure>> flush();

private:
    struct waiting {
        std::uint64_t number;
        std::string key;
        write what;
    };
    asio::awaitable<void> write_all();
    asio::awaitable<std::optional<hosting::failure>> send();

    world& world_;
    life_clock& clock_;
    supabase_link link_;
    asio::any_io_executor executor_;
    hosting::server_turns turns_; // one batch at a time
    std::vector<waiting> waiting_;
    std::uint64_t next_number_ = 1;
    bool writing_ = false;
};

} // namespace simulation
