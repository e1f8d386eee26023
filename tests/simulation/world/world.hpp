// Everything outside of the daemon, and what is known of what became of it.
#pragma once

#include "tests/simulation/checks/lease_rules.hpp"
#include "tests/simulation/checks/ledger.hpp"
#include "tests/simulation/checks/server_rules.hpp"
#include "tests/simulation/plan/strikes.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/world/daemon_host.hpp"
#include "tests/simulation/world/hub.hpp"
#include "tests/simulation/world/lets_encrypt.hpp"
#include "tests/simulation/world/machine.hpp"
#include "tests/simulation/world/matomo.hpp"
#include "tests/simulation/world/scene.hpp"
#include "tests/simulation/world/shared_queue.hpp"
#include "tests/simulation/world/troubles.hpp"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace simulation {

class world {
public:
    explicit world(const run_settings& s);
    world(const world&) = delete;
    world& operator=(const world&) = delete;
    ~world();

    const run_settings& settings;
    scene now;
    troubles matter;
    server_rules on_servers;
    lets_encrypt ca;
    std::map<std::string, std::unique_ptr<machine>> machines; // by address
    hub rows;
    simulation::matomo statistics;
    shared_queue queue; // of no use to a daemon that is alone
    std::vector<daemon_host> daemons;
    ledger stories;
    lease_rules on_leases;
    strikes planned;
    // Sites whose calls of a stage fail so many times.
    struct sickness {
        hosting::stage at;
        unsigned times;
        fault how;
    };
    std::map<std::string, sickness> sickly; // by row
    bool order_unrecorded = false;          // the memory did not take one, once

    steady_time memory_lost_at{};
    // What was last said of a server, by whichever daemon, by address; `turn` counts the changes.
    struct saying {
        std::string cause; // empty: it can be used
        unsigned turn = 0;
    };
    std::map<std::string, saying> said;
    void no_trouble_with(const std::string& address) {
        auto& last = said[address];
        if (!last.cause.empty()) last = {{}, last.turn + 1};
    }
    struct move {
        steady_time at;
        std::string from; // the old address
    };
    std::map<std::string, move> readdressed; // servers, by their new address

    // A daemon that is alone begins without its memory.
    void memory_lost();

    machine& add_machine();
    // Null: nothing is there.
    [[nodiscard]] machine* machine_at(const std::string& address);
    [[nodiscard]] machine* machine_of(const std::string& site_id);
    [[nodiscard]] bool is_away(const std::string& address) const {
        return matter.of_server(fault::server_cut, address) ||
               matter.of_server(fault::server_reboots, address);
    }
    [[nodiscard]] bool is_away(const std::string& address, std::size_t from_daemon) const {
        return is_away(address) || matter.of_link(from_daemon, address);
    }
    [[nodiscard]] bool is_shared() const { return daemons.size() > 1; }

    // The row that has, or had, this domain.
    [[nodiscard]] std::string site_with(const std::string& domain) const;
    void name(const std::string& site_id, const std::string& domain) { site_by_domain_[domain] = site_id; }
    [[nodiscard]] std::string fresh_domain();

    // A call of a site begins; what is due strikes it. Without `takes_fate` it is no call to the stage's own
    // other side, and only meets what is going on.
    [[nodiscard]] call_ptr begin_call(std::size_t daemon, hosting::stage at, const std::string& site,
                                      const std::string& server, bool takes_fate = true);
    void end_call(const call_ptr& c) { matter.call_ends(c); }

    // A fault that is none of a call itself; `at`: whose call draws it.
    void unleash(fault what, const call& at);
    [[nodiscard]] milliseconds length_of_trouble();

private:
    void draw_strike(const call_ptr& c);
    void be_sick(const call_ptr& c);
    void strike_call(const call_ptr& c, fault what);
    void unleash_on_daemon(fault what, const call& at);
    [[nodiscard]] milliseconds length_of_absence();
    void unleash_on_row(fault what, const call& at);
    void unleash_on_server_row(fault what, const call& at);
    void other_hand(const call& at);

    std::unordered_map<std::string, std::string> site_by_domain_;
    unsigned next_machine_ = 1;
    unsigned next_domain_ = 1;
};

} // namespace simulation
