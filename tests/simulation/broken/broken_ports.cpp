#include "tests/simulation/broken/broken_ports.hpp"

#include "tests/simulation/broken/broken_claims.hpp"
#include "tests/simulation/broken/broken_hosts.hpp"
#include "tests/simulation/broken/broken_memory.hpp"
#include "tests/simulation/broken/broken_queue.hpp"

namespace simulation {

broken_ports::broken_ports(world& w, hosting::site_queue& queue, hosting::hosts& servers,
                           hosting::memory& store, hosting::claims* leases)
    : queue_(queue)
    , servers_(servers)
    , store_(store)
    , leases_(leases) {
    switch (w.settings.broken) {
    case broken_rule::unconditional_write: own_queue_ = std::make_unique<overwriting_queue>(queue, w); break;
    case broken_rule::outcome_dropped: own_queue_ = std::make_unique<dropping_queue>(queue); break;
    case broken_rule::pause_ignored: own_queue_ = std::make_unique<sleepless_queue>(queue); break;
    case broken_rule::snooze_costs: own_servers_ = std::make_unique<blaming_hosts>(servers); break;
    case broken_rule::good_certificate_unseen: own_servers_ = std::make_unique<blind_hosts>(servers); break;
    case broken_rule::outage_everybodys: own_servers_ = std::make_unique<alarmed_hosts>(servers); break;
    case broken_rule::memory_forgotten: own_store_ = std::make_unique<forgetful_memory>(store); break;
    case broken_rule::lease_unchecked:
        if (leases) own_leases_ = std::make_unique<stubborn_claims>(*leases);
        break;
    case broken_rule::none:
    case broken_rule::no_lock:
    case broken_rule::no_look:
    case broken_rule::budget_ignored:
    case broken_rule::added_without_lookup:
    case broken_rule::keys_hammered:
    case broken_rule::order_not_recorded:
    case broken_rule::no_fence:
    case broken_rule::row_handed_out_twice:
    case broken_rule::order_conflict_ignored:
    case broken_rule::finish_without_token: break; // in the world, or in the settings
    }
}

} // namespace simulation
