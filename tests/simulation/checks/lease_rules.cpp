#include "tests/simulation/checks/lease_rules.hpp"

#include "tests/simulation/world/world.hpp"

#include <algorithm>

namespace simulation {
namespace {

constexpr std::string_view one_at_a_time = "one daemon at a time";
constexpr std::string_view only_with_lease = "nothing is begun without a lease";
constexpr std::string_view late_is_refused = "what comes too late is refused";

std::string name(std::size_t daemon) { return "daemon " + std::to_string(daemon + 1); }

} // namespace

void lease_rules::step_begins(const call& c, const hosting::fence& shown) {
    if (!world_.is_shared()) return;
    const auto* job = world_.queue.find(c.site);
    const auto& worker = world_.daemons.at(c.daemon).worker;
    if (!job || job->worker != worker || job->token != shown.token || !world_.queue.is_live(*job))
        world_.now.breaks(only_with_lease, name(c.daemon) + " begins a step for " + c.site);
    one_holder(c);
    one_prober(c);
}

void lease_rules::one_holder(const call& c) {
    for (std::size_t i = 0; i < world_.daemons.size(); ++i) {
        const auto* leases = world_.daemons[i].leases;
        if (i != c.daemon && leases && leases->held(c.site))
            world_.now.breaks(one_at_a_time, c.site + " is " + name(i) + "'s and " + name(c.daemon) + "'s");
    }
}

// Whoever has heard of the incident leaves the server in peace, but for one.
void lease_rules::one_prober(const call& c) {
    const auto* row = world_.rows.find(c.site);
    const auto* server = row ? world_.rows.server_of(*row) : nullptr;
    if (!server || server->is.address != c.server) return;
    const auto known = world_.queue.incident_known_at(hosting::place_of(server->is));
    if (!known) return;
    const auto heard_by_all = *known + world_.settings.promised.poll_interval + 60s;
    if (heard_by_all > world_.queue.now()) return;
    const auto age = world_.queue.now() - heard_by_all;
    for (const auto& other : world_.matter.calls()) {
        if (other->daemon == c.daemon || other->server != c.server || other->at > hosting::stage::certificate)
            continue;
        const auto* job = world_.queue.find(other->site);
        const bool holds = job && job->worker == world_.daemons.at(other->daemon).worker;
        if (holds && other->is_step && other->since + age >= world_.now.time.now())
            world_.now.breaks("one incident is probed by one daemon",
                              c.server + " by " + name(c.daemon) + " and " + name(other->daemon));
    }
}

void lease_rules::acted(const std::string& address, const std::string& domain, const hosting::fence& shown) {
    if (shown.queue.empty()) return;
    auto& highest = acted_[{address, domain}];
    if (shown.token < highest)
        world_.now.breaks(late_is_refused, "a command for " + domain + " on " + address + " with the token " +
                                               std::to_string(shown.token) + " after " +
                                               std::to_string(highest));
    highest = std::max(highest, shown.token);
}

void lease_rules::handed_out(const std::string& site_id, const std::string& worker, std::uint64_t token) {
    world_.now.say(worker + " gets " + site_id + " (" + std::to_string(token) + ")");
    if (token <= highest_) world_.now.breaks("tokens only grow", site_id + " gets " + std::to_string(token));
    highest_ = newest_[site_id] = token;
}

void lease_rules::written_by(const std::string& site_id, std::uint64_t token) {
    if (token != newest_[site_id])
        world_.now.breaks(late_is_refused, site_id + " is written with the token " + std::to_string(token) +
                                               ", but " + std::to_string(newest_[site_id]) +
                                               " was handed out since");
}

void lease_rules::taken_over(const std::string& site_id, const hosting::site_record* record) {
    world_.now.say(site_id + " was left by somebody who is gone");
    world_.stories.taken_over(site_id, record);
}

void lease_rules::forgotten(const std::string& site_id) {
    if (!world_.rows.is_pending(site_id)) world_.stories.seen_done(site_id);
}

// All hear of it, whoever said so.
void lease_rules::incident_over(const std::string& place) {
    for (const auto& s : world_.rows.servers)
        if (hosting::place_of(s.is) == place) world_.no_trouble_with(s.is.address);
}

void lease_rules::left(const std::string& worker, bool heard) {
    if (heard && world_.queue.holds_any(worker))
        world_.now.breaks("a stop gives everything back at once", worker + " has left, and holds rows");
}

// A poll may fail once, and the next one may find no room; the second look finds it all the same.
void lease_rules::look_for_abandoned() {
    std::set<std::string> waiting;
    for (const auto& [id, since] : world_.queue.abandoned())
        if (could_be_taken_up(id, since)) waiting.insert(id);
    for (const auto& id : waiting)
        if (left_alone_.contains(id)) world_.now.breaks("what a dead daemon held is taken up", id);
    left_alone_ = std::move(waiting);
}

bool lease_rules::could_be_taken_up(const std::string& id, wall_time since) const {
    const auto* row = world_.rows.find(id);
    const auto* server = row && world_.rows.is_pending(id) ? world_.rows.server_of(*row) : nullptr;
    if (!server || !server->is.active || world_.queue.incident_at(hosting::place_of(server->is)))
        return false;
    const auto now = world_.now.time.now();
    const auto patience = 2 * world_.settings.promised.poll_interval + 60s;
    if (since + patience > world_.queue.now()) return false;
    const auto last_trouble = world_.matter.last_of_server(server->is.address);
    if (last_trouble != steady_time::min() && last_trouble + 6min > now) return false;
    return std::ranges::any_of(world_.daemons, [&](const daemon_host& d) {
        const auto [all, of_server] = world_.queue.held(d.worker, server->is.id);
        return d.well_since && *d.well_since + patience + 6min < now &&
               all < world_.settings.promised.limits.sites_in_flight &&
               of_server < world_.settings.promised.limits.sites_in_flight_per_server;
    });
}

} // namespace simulation
