// A call of a site, registered in the world as long as its coroutine lives.
#pragma once

#include "tests/simulation/world/world.hpp"

namespace simulation {

class begun_call {
public:
    begun_call(world& w, std::size_t daemon, hosting::stage at, const std::string& site,
               const std::string& server, bool takes_fate = true)
        : world_(w)
        , call_(w.begin_call(daemon, at, site, server, takes_fate)) {}
    begun_call(const begun_call&) = delete;
    begun_call& operator=(const begun_call&) = delete;
    ~begun_call() { world_.end_call(call_); }

    call* operator->() const noexcept { return call_.get(); }
    [[nodiscard]] const call_ptr& get() const noexcept { return call_; }
    // What came of it, for the ledger.
    hosting::failure failed(hosting::failure why) const {
        world_.stories.failed(*call_, why);
        return why;
    }
    void answered() const { world_.stories.answered(*call_); }

private:
    world& world_;
    call_ptr call_;
};

} // namespace simulation
