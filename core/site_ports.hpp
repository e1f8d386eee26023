// The outside world as the core sees it.
#pragma once

#include "core/ports/analytics.hpp"
#include "core/ports/claims.hpp"
#include "core/ports/clock.hpp"
#include "core/ports/hosts.hpp"
#include "core/ports/log.hpp"
#include "core/ports/memory.hpp"
#include "core/ports/meter.hpp"
#include "core/ports/resolver.hpp"
#include "core/ports/site_queue.hpp"

namespace hosting {

// All outlive every run.
struct site_ports {
    site_queue& queue;
    hosts& servers;
    analytics& statistics;
    log& journal;
    resolver& names;
    memory& store;
    clock& time;
    meter& figures;
    claims* shared = nullptr; // where several daemons share the rows and the memory
};

} // namespace hosting
