// The simulation as a program: many seeds and what they met, or one of them line by line.
#include "tests/simulation/simulation.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

namespace {

using namespace simulation;
using hosting::stage;

struct request {
    std::uint64_t from = 1;
    std::uint64_t to = 1;
    std::size_t sites = 0;   // 0: as the seed chooses
    std::size_t daemons = 1; // 0: from two to four, as the seed chooses
    std::string rule = "none";
    std::vector<std::string> muted;
    bool shown = false;
    bool quiet = false;
    bool complete = false; // every kind of fault must have met every stage
    bool replayed = false; // each seed twice, with the same trace
    bool found = false;    // the broken rule must be missed by one of the seeds
};

run_result run_seed(const request& r, std::uint64_t seed) {
    const auto broken = broken_rule_named(r.rule);
    auto s = settings_for(seed, is_of_sharing(broken) && r.daemons == 1 ? 0 : r.daemons);
    s.shown = r.shown;
    s.muted = {r.muted.begin(), r.muted.end()};
    break_rule(s, broken);
    if (r.sites > 0) s.sites = r.sites;
    return run(s);
}

void print(const run_result& r) {
    std::printf("seed %llu: %llu events, %u lives, %llu faults, %zu active, %zu failed, trace %016llx: %s\n",
                static_cast<unsigned long long>(r.seed), static_cast<unsigned long long>(r.events), r.lives,
                static_cast<unsigned long long>(r.counts.all()), r.active, r.failed,
                static_cast<unsigned long long>(r.hash),
                r.broken ? ("BROKEN: " + r.broken->rule + ": " + r.broken->what).c_str() : "ok");
    std::fflush(stdout);
}

// Whether every kind of fault met every stage.
bool print_faults(const fault_counts& counts, std::size_t daemons) {
    bool complete = true;
    std::printf("%-20s %9s %9s %11s %9s %9s\n", "fault", "came", "site", "certificate", "analytics",
                "report");
    for (std::size_t i = 0; i < fault_count; ++i) {
        const auto f = static_cast<fault>(i);
        if (!can_happen(f, daemons == 0 ? 2 : daemons)) continue;
        const auto at = [&](stage s) { return static_cast<unsigned long long>(counts.times(f, s)); };
        std::printf("%-20s %9llu %9llu %11llu %9llu %9llu\n", std::string(to_string(f)).c_str(),
                    static_cast<unsigned long long>(counts.times(f)), at(stage::site), at(stage::certificate),
                    at(stage::analytics), at(stage::report));
        complete = complete && at(stage::site) && at(stage::certificate) && at(stage::analytics) &&
                   at(stage::report);
    }
    return complete;
}

int run_all(const request& r) {
    fault_counts counts;
    std::size_t broken = 0;
    for (auto seed = r.from; seed <= r.to; ++seed) {
        const auto result = run_seed(r, seed);
        counts.add(result.counts);
        broken += result.broken.has_value();
        if (!r.quiet || result.broken) print(result);
        if (r.replayed && run_seed(r, seed).hash != result.hash) {
            std::printf("seed %llu does not replay\n", static_cast<unsigned long long>(seed));
            return 1;
        }
        if (r.found && result.broken) return 0;
    }
    if (r.found) {
        std::printf("the broken rule %s was not missed\n", r.rule.c_str());
        return 1;
    }
    const bool complete = print_faults(counts, r.daemons);
    if (r.complete && !complete) std::printf("some kind of fault did not meet some stage\n");
    if (broken > 0)
        std::printf("%zu seeds broke a rule; again: simulation --seed N --trace%s\n", broken,
                    r.daemons == 1 ? "" : " --daemons ...");
    return broken > 0 || (r.complete && !complete) ? 1 : 0;
}

} // namespace

int main(int argc, char** argv) {
    request r;
    std::uint64_t seed = 0;
    CLI::App app{"Weeks of the daemon's life in virtual time"};
    app.add_option("--from", r.from, "the first seed");
    app.add_option("--to", r.to, "the last seed");
    app.add_option("--seed", seed, "this one alone");
    app.add_option("--daemons", r.daemons, "so many share the rows; 0: two to four, as the seed says");
    app.add_option("--sites", r.sites, "so many sites, whatever the seed says");
    app.add_flag("--trace", r.shown, "every event");
    app.add_flag("--quiet", r.quiet, "only what broke, and the counts");
    app.add_option("--break", r.rule, "breaks this rule on purpose (settings.hpp)");
    app.add_option("--mute", r.muted, "rules whose violations end no run");
    app.add_flag("--complete", r.complete, "every kind of fault must meet every stage");
    app.add_flag("--replay", r.replayed, "each seed twice, with the same trace");
    app.add_flag("--found", r.found, "the broken rule must be found by one of the seeds");
    CLI11_PARSE(app, argc, argv);
    if (seed > 0) r.from = r.to = seed;
    return run_all(r);
}
