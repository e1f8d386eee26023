#include "tests/simulation/simulation.hpp"

#include "tests/simulation/checks/progress_rules.hpp"
#include "tests/simulation/checks/row_rules.hpp"
#include "tests/simulation/life.hpp"
#include "tests/simulation/plan/population.hpp"
#include "tests/simulation/world/world.hpp"

#include <algorithm>

namespace simulation {
namespace {

constexpr auto drain_timeout = 60s;
constexpr auto inspection = 5min;

class one_run {
public:
    explicit one_run(const run_settings& s)
        : world_(s)
        , rows_(world_)
        , progress_(world_)
        , people_(world_) {
        for (std::size_t i = 0; i < s.daemons; ++i)
            daemons_.push_back(daemon{i});
        world_.rows.edited = [this](const auto* before, const auto* after) {
            world_.stories.row_edited(before, after);
            const auto& id = after ? after->id : before->id;
            // Nobody remembers anything of it.
            if (world_.is_shared() && !world_.rows.is_pending(id) && !world_.queue.find(id))
                world_.stories.seen_done(id);
        };
        world_.rows.written = [this](const auto& as_read, const auto& before, const auto& after,
                                     const auto& what) {
            rows_.written(as_read, before, after, what);
            world_.stories.row_written(before.id, what);
        };
    }

    run_result go() {
        auto& time = world_.now.time;
        people_.settle();
        inspect();
        time.after(world_.settings.chaos, [this] { people_.calm_down(); });
        time.after(world_.settings.chaos + world_.settings.calm, [this] { over_ = true; });
        for (auto& d : daemons_)
            begin_life(d);
        while (!over_ && !world_.now.broken)
            step();
        if (!world_.now.broken) end_quietly();
        return result();
    }

private:
    struct daemon {
        std::size_t which;
        std::unique_ptr<life> now{}; // null: it does not run
        unsigned lives = 0;
        bool stopping = false;
        bool was_heard = true; // since it is stopping, Supabase could be asked
    };

    void step() {
        world_.now.time.step();
        ++events_;
        for (auto& d : daemons_) {
            if (d.now && !is_frozen(d)) d.now->run_ready();
            obey(d);
            if (d.now && d.now->is_over()) end_life(d, false);
        }
        look_for_daemons();
    }

    bool is_frozen(const daemon& d) const { return world_.matter.of_daemon(fault::frozen, d.which); }
    bool is_cut(const daemon& d) const {
        return world_.matter.any(fault::supabase_down) || world_.matter.any(fault::supabase_refuses) ||
               world_.matter.of_daemon(fault::database_cut, d.which);
    }

    // Which of them could work.
    void look_for_daemons() {
        bool some = false;
        for (auto& d : daemons_) {
            if (d.stopping && is_cut(d)) d.was_heard = false;
            auto& since = world_.daemons[d.which].well_since;
            const bool cut = world_.matter.of_daemon(fault::database_cut, d.which);
            const bool well = d.now && !d.stopping && !is_frozen(d) && !cut;
            if (well && !since) since = world_.now.time.now();
            if (!well) since.reset();
            some = some || well;
        }
        if (some && !some_work_) progress_.daemon_began();
        if (!some && some_work_) progress_.daemon_ended();
        some_work_ = some;
    }

    void obey(daemon& d) {
        daemon_host& host = world_.daemons.at(d.which);
        const auto order = std::exchange(host.order, order_to_daemon::none);
        switch (order) {
        case order_to_daemon::none: return;
        case order_to_daemon::kill:
            if (d.now) end_life(d, true);
            if (std::exchange(host.lose_memory, false)) lose_memory(host);
            return;
        case order_to_daemon::stop: return stop(d);
        case order_to_daemon::reload:
            if (d.now) {
                world_.on_servers.may_try_all_again(d.which);
                d.now->reload();
            }
            return;
        }
    }

    void begin_life(daemon& d) {
        const std::string name = world_.now.name_of_daemon(d.which);
        world_.now.say(name + " begins");
        ++lives_;
        ++d.lives;
        if (!world_.is_shared()) {
            world_.stories.began_anew();
            world_.on_servers.daemon_begins();
        }
        if (world_.is_shared() || world_.now.clock_set() + 2h > world_.now.time.now())
            world_.on_servers.may_try_all_again(d.which);
        d.now = std::make_unique<life>(world_, d.which, name + ", life " + std::to_string(d.lives),
                                       hosting::dispatcher_task());
        d.now->run_ready();
    }

    void stop(daemon& d) {
        if (!d.now || d.stopping) return;
        d.stopping = d.was_heard = true;
        d.now->stop();
        world_.now.time.after(drain_timeout, [this, &d, number = d.lives] {
            if (d.now && number == d.lives) world_.daemons.at(d.which).order = order_to_daemon::kill;
        });
    }

    void end_life(daemon& d, bool killed) {
        const std::string name = world_.now.name_of_daemon(d.which);
        world_.now.say(name + (killed ? " is killed" : " ends"));
        d.now.reset();
        d.stopping = false;
        world_.statistics.daemon_died();
        if (world_.is_shared()) {
            if (!killed) world_.on_leases.left(world_.daemons.at(d.which).worker, d.was_heard);
            world_.daemons.at(d.which).worker.clear();
        } else {
            memory_of_dead(killed);
        }
        if (over_) return;
        auto& chance = world_.now.chance;
        const double roll = chance.unit();
        const auto pause = roll < 0.7   ? chance.between(1s, 5s)
                           : roll < 0.9 ? chance.between(5s, 10min)
                                        : chance.between(10min, 3h);
        world_.now.time.after(pause, [this, &d] { begin_life(d); });
    }

    // Of a daemon that is alone.
    void memory_of_dead(bool killed) {
        const bool failing = world_.matter.any(fault::memory_fails);
        if (killed || failing) world_.stories.killed(world_.daemons.front().state, failing);
        if (failing) world_.on_servers.orders_forgotten();
    }

    void lose_memory(daemon_host& host) {
        const unsigned next = host.state.installation + 1;
        host.state = disk();
        host.state.installation = next;
        if (!world_.is_shared()) world_.memory_lost();
    }

    void inspect() {
        progress_.look_for_starved();
        world_.now.time.after(inspection, [this] { inspect(); });
    }

    void end_quietly() {
        progress_.look_for_unfinished();
        const auto until = world_.now.time.now() + (world_.is_shared() ? drain_timeout : 10s);
        for (auto& d : daemons_)
            stop(d);
        const auto one_runs = [](const daemon& d) { return d.now != nullptr; };
        while (std::ranges::any_of(daemons_, one_runs) && world_.now.time.now() < until)
            step();
        if (std::ranges::any_of(daemons_, one_runs))
            world_.now.breaks("the end is quiet", "the daemon does not end");
    }

    run_result result() {
        run_result r;
        r.seed = world_.settings.seed;
        r.broken = world_.now.broken;
        r.counts = world_.now.counts;
        r.hash = world_.now.log.hash();
        r.events = events_;
        r.lives = lives_;
        for (const auto& [id, row] : world_.rows.rows()) {
            r.active += row.status_hosting == "active";
            r.failed += row.status_hosting == "failed";
        }
        return r;
    }

    world world_;
    row_rules rows_;
    progress_rules progress_;
    population people_;
    std::vector<daemon> daemons_;
    unsigned lives_ = 0;
    std::uint64_t events_ = 0;
    bool some_work_ = false;
    bool over_ = false;
};

} // namespace

run_result run(const run_settings& settings) { return one_run(settings).go(); }

} // namespace simulation
