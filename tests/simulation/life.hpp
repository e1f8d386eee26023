// One life of the daemon: the real core on its own event loop, from its start to its end, whichever that is.
#pragma once

#include "core/dispatcher.hpp"
#include "tests/simulation/world/world.hpp"

#include <memory>
#include <optional>

namespace simulation {

class life {
public:
    // `which`: of the daemons. `name`: of this life.
    life(world& w, std::size_t which, const std::string& name, hosting::dispatcher_task task);
    life(const life&) = delete;
    life& operator=(const life&) = delete;
    // kill -9: whatever it is at ends here, and what it had in memory is gone.
    ~life();

    // Runs what can run now.
    void run_ready();
    void stop();
    void reload();
    // It has ended by itself.
    [[nodiscard]] bool is_over() const noexcept { return over_; }
    [[nodiscard]] const hosting::dispatcher_summary& summary() const noexcept { return summary_; }

private:
    class event_loop;
    struct parts;

    world& world_;
    std::size_t which_;
    std::unique_ptr<event_loop> loop_;
    std::unique_ptr<parts> parts_;
    hosting::dispatcher_summary summary_;
    bool over_ = false;
};

} // namespace simulation
