// What each fault does to the world.
#include "tests/simulation/world/world.hpp"

#include "core/site_user.hpp"

namespace simulation {

using hosting::site;

milliseconds world::length_of_trouble() {
    const double roll = now.chance.unit();
    if (roll < 0.4) return now.chance.between(5s, 2min);
    if (roll < 0.8) return now.chance.between(2min, 40min);
    return now.chance.between(1h, 5h);
}

void world::unleash(fault what, const call& at) {
    const whom server{at.server, {}};
    const whom name{{}, at.site};
    machine* const where = machine_at(at.server);
    if (at.site.empty() || !where) return; // an empty name would be everybody's
    switch (what) {
    case fault::server_cut:
    case fault::database_locked:
    case fault::no_suffix_list:
    case fault::disk_full:
    case fault::panel_broken:
    case fault::clpctl_missing:
    case fault::no_privilege: return matter.begin(what, server, length_of_trouble());
    case fault::server_reboots:
        where->reboot();
        return matter.begin(what, server, now.chance.between(20s, 5min));
    case fault::lock_held: {
        const auto length = now.chance.between(1s, 30min);
        where->hold_lock(length);
        return matter.begin(what, server, length);
    }
    case fault::key_refused:
    case fault::host_key_changed: {
        auto& wrong = what == fault::key_refused ? where->key_taken : where->host_key_replaced;
        wrong = true;
        // A person sees to it that what is remembered is right, too.
        return matter.begin(what, server, length_of_trouble(), [this, &wrong, address = at.server] {
            wrong = false;
            for (auto& d : daemons)
                std::erase_if(d.state.host_keys, [&](const auto& known) {
                    return known.second != machine_at(address)->host_key &&
                           known.first.find("@" + address + ":") != std::string::npos;
                });
        });
    }
    case fault::supabase_down:
    case fault::supabase_refuses:
    case fault::matomo_down:
    case fault::matomo_refuses:
    case fault::resolver_silent:
    case fault::memory_fails: return matter.begin(what, {}, length_of_trouble());
    case fault::acme_refuses:
    case fault::no_address:
    case fault::not_validated:
        return matter.begin(what, name, now.chance.chance(0.2) ? 48h : length_of_trouble());
    case fault::killed:
    case fault::memory_lost:
    case fault::stopped:
    case fault::reloaded:
    case fault::clock_forward:
    case fault::clock_back:
    case fault::frozen:
    case fault::database_cut:
    case fault::link_cut: return unleash_on_daemon(what, at);
    case fault::row_deleted:
    case fault::row_failed:
    case fault::row_active:
    case fault::row_again:
    case fault::row_renamed:
    case fault::row_moved: return unleash_on_row(what, at);
    case fault::server_paused:
    case fault::server_readdressed:
    case fault::server_rekeyed: return unleash_on_server_row(what, at);
    case fault::other_hand: return other_hand(at);
    default: return; // of calls
    }
}

void world::unleash_on_daemon(fault what, const call& at) {
    daemon_host& d = daemons.at(at.daemon);
    const whom one{{}, {}, is_shared() ? std::optional(at.daemon) : std::nullopt};
    switch (what) {
    case fault::killed:
    case fault::memory_lost:
        matter.strike(what, one);
        d.order = order_to_daemon::kill;
        d.lose_memory = d.lose_memory || what == fault::memory_lost;
        return;
    case fault::stopped:
    case fault::reloaded:
        matter.strike(what, one);
        if (d.order == order_to_daemon::none)
            d.order = what == fault::stopped ? order_to_daemon::stop : order_to_daemon::reload;
        return;
    case fault::clock_forward:
    case fault::clock_back: {
        matter.strike(what, one);
        const auto by = now.chance.one_of<milliseconds>({3min, 1h, 26h, 240h, 1'920h});
        now.set_daemon_clock(at.daemon, what == fault::clock_forward ? by : -by);
        // Somebody notices.
        now.time.after(now.chance.between(10min, 8h), [this, which = at.daemon] { now.set_right(which); });
        return;
    }
    case fault::frozen: return matter.begin(what, one, length_of_absence());
    case fault::database_cut: return matter.begin(what, one, length_of_absence());
    default: return matter.begin(what, {at.server, {}, at.daemon}, length_of_trouble());
    }
}

// As long as a lease, more or less; or much longer.
milliseconds world::length_of_absence() {
    if (now.chance.chance(0.7)) return now.chance.between(1s, settings.lease * 3);
    return length_of_trouble();
}

void world::unleash_on_row(fault what, const call& at) {
    const auto* row = rows.find(at.site);
    if (!row || row->status_hosting != "pending") return;
    matter.strike(what, {{}, at.site});
    const std::string id = at.site;
    const auto set = [this, id](const char* status) {
        if (rows.find(id)) rows.edit(id, [status](site& r) { r.status_hosting = status; });
    };
    switch (what) {
    case fault::row_deleted: {
        site again = *row;
        rows.erase(id);
        if (now.chance.chance(0.5)) return;
        again.id += "b";
        again.error_message.reset();
        now.time.after(now.chance.between(1s, 2h), [this, again] {
            name(again.id, again.domain);
            rows.insert(again);
        });
        return;
    }
    case fault::row_failed: return set("failed");
    case fault::row_active: return set("active");
    case fault::row_again:
        set("failed");
        now.time.after(now.chance.chance(0.3) ? 0ms : now.chance.between(1s, 3h), [set] { set("pending"); });
        return;
    case fault::row_renamed: {
        const std::string other = fresh_domain();
        name(id, other);
        return rows.edit(id, [&](site& r) { r.domain = other; });
    }
    default: {
        const auto& other = rows.servers[now.chance.below(rows.servers.size())].is.id;
        return rows.edit(id, [&](site& r) { r.server_id = other; });
    }
    }
}

void world::unleash_on_server_row(fault what, const call& at) {
    for (auto& s : rows.servers) {
        if (s.is.address != at.server) continue;
        if (what == fault::server_paused) {
            if (!s.is.active) return;
            s.is.active = false;
            const std::string id = s.is.id;
            return matter.begin(what, {at.server, {}}, length_of_trouble(), [this, id] {
                for (auto& again : rows.servers)
                    if (again.is.id == id) {
                        again.is.active = true;
                        matter.changed(again.is.address);
                    }
            });
        }
        matter.strike(what, {at.server, {}});
        if (what == fault::server_readdressed) {
            machine& fresh = add_machine();
            fresh.keys.insert(s.key);
            readdressed[fresh.address] = {now.time.now(), s.is.address};
            s.is.address = fresh.address;
            matter.changed(fresh.address);
            return;
        }
        s.key += "'";
        if (auto* where = machine_at(at.server)) where->keys = {s.key};
        for (auto& twin : rows.servers)
            if (twin.is.address == at.server) twin.key = s.key;
        on_servers.may_try_again(at.server);
        return;
    }
}

// Somebody works on the server, too.
void world::other_hand(const call& at) {
    machine* const where = machine_at(at.server);
    const auto* row = rows.find(at.site);
    if (!where || !row) return;
    matter.strike(fault::other_hand, {{}, at.site});
    const auto users = hosting::site_users_for("user_", row->domain);
    if (where->rows.contains(row->domain)) return where->renew_certificate(row->domain);
    if (at.at != hosting::stage::site || !where->is_idle()) return;
    if (now.chance.chance(0.5))
        where->users.insert(users.preferred);
    else
        where->add_site(row->domain, "somebody");
}

} // namespace simulation
