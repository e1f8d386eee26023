// The ports as the core gets them: as they are, or in a decorator that breaks one rule.
#pragma once

#include "core/ports/claims.hpp"
#include "core/ports/hosts.hpp"
#include "core/ports/memory.hpp"
#include "core/ports/site_queue.hpp"
#include "tests/simulation/world/world.hpp"

#include <memory>

namespace simulation {

class broken_ports {
public:
    // All must outlive it. `leases`: null where a daemon is alone.
    broken_ports(world& w, hosting::site_queue& queue, hosting::hosts& servers, hosting::memory& store,
                 hosting::claims* leases);

    [[nodiscard]] hosting::site_queue& queue() { return own_queue_ ? *own_queue_ : queue_; }
    [[nodiscard]] hosting::hosts& servers() { return own_servers_ ? *own_servers_ : servers_; }
    [[nodiscard]] hosting::memory& store() { return own_store_ ? *own_store_ : store_; }
    [[nodiscard]] hosting::claims* leases() { return own_leases_ ? own_leases_.get() : leases_; }

private:
    hosting::site_queue& queue_;
    hosting::hosts& servers_;
    hosting::memory& store_;
    hosting::claims* leases_;
    std::unique_ptr<hosting::site_queue> own_queue_;
    std::unique_ptr<hosting::hosts> own_servers_;
    std::unique_ptr<hosting::memory> own_store_;
    std::unique_ptr<hosting::claims> own_leases_;
};

} // namespace simulation
