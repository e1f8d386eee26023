#include "tests/simulation/life.hpp"

#include "tests/simulation/broken/broken_ports.hpp"
#include "tests/simulation/ports/analytics_port.hpp"
#include "tests/simulation/ports/hosts_port.hpp"
#include "tests/simulation/ports/journal_port.hpp"
#include "tests/simulation/ports/memory_port.hpp"
#include "tests/simulation/ports/queue_port.hpp"
#include "tests/simulation/ports/resolver_port.hpp"
#include "tests/simulation/ports/shared_ports.hpp"
#include "tests/support/silent_meter.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace simulation {

// An event loop whose work can be ended while everything that it refers to still stands.
class life::event_loop : public asio::io_context {
public:
    event_loop()
        : asio::io_context(1) {
        // While a timer waits, others are set without asking the kernel.
        idle_.emplace(*this, std::chrono::hours(24 * 365));
        idle_->async_wait([](boost::system::error_code) {});
    }
    void end() { shutdown(); }

private:
    std::optional<asio::steady_timer> idle_;
};

// Where the memory is: this daemon's own, or all daemons'.
struct life::parts {
    parts(world& w, std::size_t which, const std::string& name, event_loop& loop)
        : clock(w.now, which, w.now.chance.between(0ms, 1'000h))
        , journal(w, which)
        , shared(w.is_shared() ? std::make_unique<shared_parts>(w, clock, loop, name) : nullptr)
        , own_store(w, clock)
        , queue(w, clock, shared ? &shared->desk.book : nullptr)
        , servers(
              w, clock, queue, [this](hosting::server_facts facts) { store().keep(std::move(facts)); },
              journal)
        , statistics(w, clock)
        , names(w, clock)
        , broken(w, queue, servers, store(), shared ? &shared->leases : nullptr)
        , core(make_dispatcher(loop.get_executor(), w.settings.told,
                               {broken.queue(), broken.servers(), statistics, journal, names, broken.store(),
                                clock, figures, broken.leases()})) {}

    struct shared_parts {
        shared_parts(world& w, life_clock& clock, event_loop& loop, const std::string& name)
            : desk(w, clock, loop.get_executor(), name)
            , leases(w, desk)
            , store(w, desk) {}
        shared_desk desk;
        claims_port leases;
        shared_memory_port store;
    };
    [[nodiscard]] hosting::memory& store() {
        if (shared) return shared->store;
        return own_store;
    }

    life_clock clock;
    journal_port journal;
    std::unique_ptr<shared_parts> shared;
    memory_port own_store;
    queue_port queue;
    hosts_port servers;
    analytics_port statistics;
    resolver_port names;
    broken_ports broken;
    tests::silent_meter figures;
    std::unique_ptr<hosting::dispatcher> core;
};

life::life(world& w, std::size_t which, const std::string& name, hosting::dispatcher_task task)
    : world_(w)
    , which_(which)
    , loop_(std::make_unique<event_loop>())
    , parts_(std::make_unique<parts>(w, which, name, *loop_)) {
    daemon_host& host = w.daemons.at(which);
    host.worker = name;
    if (parts_->shared) host.leases = &parts_->shared->leases;
    asio::co_spawn(*loop_, parts_->core->run(std::move(task)),
                   [this](const std::exception_ptr& broken, hosting::dispatcher_summary summary) {
                       if (broken) world_.now.breaks("no exception", "the dispatcher ended by one");
                       summary_ = std::move(summary);
                       over_ = true;
                   });
}

life::~life() {
    world_.daemons.at(which_).leases = nullptr;
    loop_->end();
    parts_.reset();
}

void life::run_ready() {
    loop_->restart();
    loop_->poll();
}

void life::stop() { parts_->core->stop(); }

void life::reload() {
    parts_->servers.forget_refusals();
    parts_->core->reconfigure(world_.settings.told);
}

} // namespace simulation
