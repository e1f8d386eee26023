#include "tests/simulation/settings.hpp"

#include <array>
#include <stdexcept>
#include <string>

namespace simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, broken_rule_count> names{"none",
                                                                "no-lock",
                                                                "no-look",
                                                                "unconditional-write",
                                                                "outcome-dropped",
                                                                "snooze-costs",
                                                                "memory-forgotten",
                                                                "good-certificate-unseen",
                                                                "budget-ignored",
                                                                "added-without-lookup",
                                                                "keys-hammered",
                                                                "pause-ignored",
                                                                "order-not-recorded",
                                                                "outage-everybodys",
                                                                "no-fence",
                                                                "lease-unchecked",
                                                                "row-handed-out-twice",
                                                                "order-conflict-ignored",
                                                                "finish-without-token"};

// Machines that nobody keeps in time are minutes apart.
void share(run_settings& s, std::size_t daemons, dice& chance) {
    s.daemons = daemons > 0 ? daemons : 2 + chance.below(3);
    s.lease = chance.one_of<milliseconds>({60s, 60s, 120s});
    s.database_ahead = chance.between(-10min, 10min);
    s.clocks_ahead.clear();
    for (std::size_t i = 0; i < s.daemons; ++i)
        s.clocks_ahead.push_back(chance.chance(0.5) ? chance.between(-500ms, 500ms)
                                                    : chance.between(-10min, 10min));
}

} // namespace

std::string_view to_string(broken_rule r) noexcept { return names[static_cast<std::size_t>(r)]; }

broken_rule broken_rule_named(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<broken_rule>(i);
    throw std::invalid_argument("no such rule: " + std::string(name));
}

void break_rule(run_settings& s, broken_rule which) {
    s.broken = which;
    if (which == broken_rule::budget_ignored) s.told.orders_per_server_per_3h = 1'000'000;
}

run_settings settings_for(std::uint64_t seed, std::size_t daemons) {
    dice chance(seed * 2 + 1);
    run_settings s;
    s.seed = seed;
    s.sites = 50 + chance.below(40);
    s.servers = 4 + chance.below(2);
    s.strikes = 30 + chance.below(50);
    s.chaos = 120h;
    s.calm = 72h;
    s.page_size = chance.one_of<std::size_t>({5, 20, 200});
    s.max_rows = chance.one_of<std::size_t>({3, 10, 1'000, 1'000});

    auto& p = s.promised;
    p.poll_interval = chance.one_of<milliseconds>({30s, 60s, 60s, 120s});
    p.limits.sites_in_flight = chance.one_of<std::size_t>({3, 8, 256});
    p.limits.sites_in_flight_per_server = chance.one_of<std::size_t>({1, 3, 8});
    p.orders_per_server_per_3h = chance.one_of<std::size_t>({3, 8, 250});
    auto& retry = p.runner.machine.retry;
    retry.max_attempts = chance.one_of<unsigned>({3, 8, 8});
    retry.server_outage_limit = chance.one_of<milliseconds>({0ms, 30min, 120min, 120min});
    retry.certificate_give_up_after = chance.one_of<milliseconds>({6h, 24h, 24h});
    if (daemons != 1) share(s, daemons, chance);
    s.told = p;
    return s;
}

} // namespace simulation
