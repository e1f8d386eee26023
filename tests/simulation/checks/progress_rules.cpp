#include "tests/simulation/checks/progress_rules.hpp"

#include <map>

namespace simulation {
namespace {

// An outage's end is noticed within five minutes; a refusal stands for an hour.
constexpr auto outage_noticed = 6min;
constexpr auto refusal_stands = 70min;

} // namespace

steady_time progress_rules::well_since(const std::string& address) const {
    const auto last = world_.matter.last_of_server(address);
    return last == steady_time::min() ? last : last + refusal_stands;
}

void progress_rules::look_for_starved() {
    if (!daemon_since_) return;
    if (world_.is_shared()) world_.on_leases.look_for_abandoned();
    std::map<std::string, unsigned> waiting;
    for (const auto& id : world_.rows.ids()) {
        const auto* row = world_.rows.find(id);
        const auto* server = world_.rows.server_of(*row);
        if (row->status_hosting == "pending" && server) ++waiting[server->is.address];
    }
    const auto now = world_.now.time.now();
    const auto poll = world_.settings.promised.poll_interval;
    for (const auto& id : world_.rows.ids()) {
        const auto* row = world_.rows.find(id);
        const auto* server = world_.rows.server_of(*row);
        const story& s = world_.stories.of(id);
        if (row->status_hosting != "pending" || !server || !server->is.active || s.begun) continue;
        const auto from = std::max({s.since, *daemon_since_, well_since(server->is.address)});
        const auto patience =
            outage_noticed + 15min + 14 * poll + world_.settings.lease + waiting[server->is.address] * 2min;
        if (now > from + patience)
            world_.now.breaks("nobody starves", id + " (" + row->domain + ") waits on " + server->is.address);
    }
}

void progress_rules::look_for_unfinished() {
    for (const auto& id : world_.rows.ids()) {
        const auto* row = world_.rows.find(id);
        const auto* server = world_.rows.server_of(*row);
        const bool usable = server && server->is.active && world_.machine_at(server->is.address);
        if (row->status_hosting == "pending" && usable)
            world_.now.breaks("no site is lost", id + " (" + row->domain + ") is still pending: " +
                                                     row->error_message.value_or(""));
    }
    for (const auto& [address, at] : world_.machines)
        if (!at->is_idle()) world_.now.breaks("the end is quiet", address + " is at work");
    if (world_.statistics.was_locked_out()) world_.now.breaks("Matomo is not hammered", "it locked us out");
}

} // namespace simulation
