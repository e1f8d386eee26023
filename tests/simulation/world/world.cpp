#include "tests/simulation/world/world.hpp"

#include "core/domain_name.hpp"

namespace simulation {

using hosting::stage;

world::world(const run_settings& s)
    : settings(s)
    , now(s.seed, s.shown, s.muted)
    , matter(now)
    , on_servers(now, settings)
    // The account's own limit lies above ours, as in the world.
    , ca(now, matter, static_cast<double>(s.promised.orders_per_server_per_3h) * 1.2 + 8)
    , rows(now)
    , statistics(now, matter)
    , queue(now, settings, rows)
    , daemons(s.daemons)
    , stories(now, settings)
    , on_leases(*this) {
    for (const auto base : s.clocks_ahead)
        now.clocks.emplace_back(base);
    if (is_shared())
        stories.still_has = [this](const call& c) {
            const auto* job = queue.find(c.site);
            return job && job->worker == daemons.at(c.daemon).worker;
        };
    queue.watch = &on_leases;
    on_servers.fenced = [this](const auto& address, const auto& domain, const auto& shown) {
        on_leases.acted(address, domain, shown);
    };
}

world::~world() = default;

void world::memory_lost() {
    memory_lost_at = now.time.now();
    stories.memory_lost();
    on_servers.orders_forgotten();
    on_servers.may_try_all_again(0);
}

machine& world::add_machine() {
    const std::string address = "192.0.2." + std::to_string(next_machine_++);
    auto& added = machines[address];
    added = std::make_unique<machine>(now, matter, ca, on_servers, address);
    added->host_key = "host key of " + address;
    return *added;
}

machine* world::machine_at(const std::string& address) {
    const auto found = machines.find(address);
    return found == machines.end() ? nullptr : found->second.get();
}

machine* world::machine_of(const std::string& site_id) {
    const auto* row = rows.find(site_id);
    const auto* server = row ? rows.server_of(*row) : nullptr;
    return server ? machine_at(server->is.address) : nullptr;
}

std::string world::site_with(const std::string& domain) const {
    const auto found = site_by_domain_.find(domain);
    return found == site_by_domain_.end() ? std::string() : found->second;
}

std::string world::fresh_domain() { return "site" + std::to_string(next_domain_++) + ".example"; }

call_ptr world::begin_call(std::size_t daemon, stage at, const std::string& site, const std::string& server,
                           bool takes_fate) {
    auto c = std::make_shared<call>();
    c->at = at;
    c->site = site;
    c->server = server;
    c->daemon = daemon;
    c->where = now.chance.unit();
    matter.call_begins(c);
    if (takes_fate) {
        stories.begins(*c);
        draw_strike(c);
        if (!c->fate) be_sick(c);
    }
    return c;
}

void world::strike_call(const call_ptr& c, fault what) {
    now.say("fault: " + std::string(to_string(what)) + " of " + c->site + ", " +
            std::string(hosting::to_string(c->at)));
    now.counts.came(what);
    now.counts.met(what, c->at);
    c->fate = what;
}

void world::be_sick(const call_ptr& c) {
    const auto found = sickly.find(c->site);
    if (found == sickly.end() || found->second.at != c->at) return;
    strike_call(c, found->second.how);
    if (--found->second.times == 0) sickly.erase(found);
}

// What a strike is to do happens at once, while the call is under way, or when it is done but not answered.
void world::draw_strike(const call_ptr& c) {
    const auto due = planned.take(c->at, now.time.now());
    if (!due) return;
    const fault what = due->what;
    if (is_of_call(what)) return strike_call(c, what);
    switch (now.chance.below(3)) {
    case 0: unleash(what, *c); break;
    case 1:
        now.time.after(now.chance.between(1ms, now.chance.chance(0.5) ? 200ms : 20s),
                       [this, what, c] { unleash(what, *c); });
        break;
    default: c->when_done = [this, what, at = *c] { unleash(what, at); };
    }
}

} // namespace simulation
