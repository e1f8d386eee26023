// The state folder of the daemon's machine: what outlives a process that is killed.
#pragma once

#include "core/records.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace simulation {

struct disk {
    std::map<std::string, hosting::site_record> sites;
    std::map<std::string, hosting::server_facts> servers;
    std::map<std::string, hosting::incident_record> incidents;
    std::map<std::uint64_t, hosting::order_record> orders;
    std::map<std::string, std::string> host_keys; // known_hosts, by place
    // The newest order's time as the daemon dates it, and when that was.
    hosting::wall_time newest_order;
    hosting::steady_time newest_order_seen;
    unsigned installation = 1;
};

} // namespace simulation
