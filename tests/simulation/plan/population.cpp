#include "tests/simulation/plan/population.hpp"

#include <algorithm>

namespace simulation {

using hosting::site;
using hosting::stage;

void population::settle() {
    add_servers();
    plan_arrivals();
    plan_strikes();
    world_.now.time.after(30min, [this] { look_after(); });
}

// Sometimes two rows are one server.
void population::add_servers() {
    auto& chance = world_.now.chance;
    for (std::size_t i = 0; i < world_.settings.servers; ++i) {
        machine& at = world_.add_machine();
        server_row row;
        row.is.id = "server" + std::to_string(i + 1);
        row.is.name = chance.chance(0.8) ? row.is.id : std::string();
        row.is.address = at.address;
        row.key = "key of " + at.address;
        at.keys.insert(row.key);
        world_.rows.servers.push_back(row);
        if (!chance.chance(0.15)) continue;
        row.is.id += "b";
        row.is.name = row.is.id;
        world_.rows.servers.push_back(row);
    }
}

// Alone, in bursts, and sometimes all under one registered domain.
void population::plan_arrivals() {
    auto& chance = world_.now.chance;
    const auto& settings = world_.settings;
    const bool family = chance.chance(0.1);
    const std::size_t sites = family ? settings.sites + 15 : settings.sites;
    for (std::size_t left = sites; left > 0;) {
        const std::size_t together = std::min(left, chance.chance(0.3) ? 1 + chance.below(20) : 1);
        const auto when = chance.between(0ms, settings.chaos * 9 / 10);
        for (std::size_t i = 0; i < together; ++i) {
            const bool odd = chance.chance(0.02);
            const std::string name = world_.fresh_domain();
            const std::string domain = odd      ? "-bad-" + name
                                       : family ? name.substr(0, name.find('.')) + ".family.com"
                                                : name;
            world_.now.time.after(when + milliseconds(i), [this, domain] { arrive(domain); });
        }
        left -= together;
    }
}

void population::arrive(const std::string& domain) {
    auto& chance = world_.now.chance;
    site row;
    row.id = "site" + std::to_string(next_id_++);
    row.domain = domain;
    row.server_id = chance.one_of(world_.rows.servers).is.id;
    if (chance.chance(0.01)) row.server_id = "nowhere";
    row.status_dns = "active";
    row.status_hosting = "pending";
    world_.name(row.id, domain);
    world_.now.say(row.id + " arrives: " + domain + " on " + *row.server_id);
    if (chance.chance(0.2)) make_sickly(row.id);
    world_.rows.insert(std::move(row));
}

// Some fail again and again, for a while or until somebody gives up.
void population::make_sickly(const std::string& id) {
    auto& chance = world_.now.chance;
    const auto at = chance.one_of({stage::site, stage::certificate, stage::analytics});
    world_.sickly[id] = {at, 1 + static_cast<unsigned>(chance.below(12)),
                         chance.one_of({fault::fails, fault::fails, fault::lost_after, fault::odd_answer})};
}

// Every kind aims at every stage, as the seed will have it.
void population::plan_strikes() {
    auto& chance = world_.now.chance;
    for (std::size_t i = 0; i < world_.settings.strikes; ++i) {
        strike s{};
        s.what = draw_fault();
        s.aim = static_cast<stage>(chance.below(hosting::stage_count));
        s.not_before = world_.now.time.now() + chance.between(0ms, world_.settings.chaos);
        world_.planned.add(s);
    }
}

// What only one of several daemons can meet comes as often as all the rest of its kind.
fault population::draw_fault() {
    auto& chance = world_.now.chance;
    if (!world_.is_shared()) return static_cast<fault>(chance.below(faults_of_one));
    if (chance.chance(0.25))
        return chance.one_of({fault::killed, fault::stopped, fault::frozen, fault::frozen,
                              fault::database_cut, fault::link_cut});
    const auto any = static_cast<fault>(chance.below(fault_count));
    return any == fault::memory_fails ? fault::frozen : any;
}

void population::look_after() {
    if (calm_) return;
    auto& chance = world_.now.chance;
    for (const auto& id : world_.rows.ids()) {
        const auto status = world_.rows.find(id)->status_hosting;
        const double often = status == "failed" ? 0.02 : status == "active" ? 0.004 : 0;
        if (often > 0 && chance.chance(often)) ask_again(id);
    }
    world_.now.time.after(30min, [this] { look_after(); });
}

void population::ask_again(const std::string& id) {
    auto& chance = world_.now.chance;
    const auto row = *world_.rows.find(id);
    auto* at = world_.machine_of(id);
    if (at && row.status_hosting == "active" && chance.chance(0.7))
        at->lose_certificate(row.domain, chance.chance(0.5) ? "gone" : "self-signed");
    const bool tidy = chance.chance(0.2);
    world_.rows.edit(id, [tidy](site& r) {
        r.status_hosting = "pending";
        if (tidy) r.error_message.reset();
    });
}

void population::calm_down() {
    calm_ = true;
    world_.planned.give_up();
    world_.sickly.clear();
    world_.matter.end_all();
    for (std::size_t i = 0; i < world_.daemons.size(); ++i)
        world_.now.set_right(i);
    for (auto& s : world_.rows.servers)
        s.is.active = true;
}

} // namespace simulation
