// The state folder as the port memory shows it. What waits to be written dies with the process.
#pragma once

#include "core/ports/memory.hpp"
#include "tests/simulation/ports/letter.hpp"
#include "tests/simulation/world/world.hpp"

#include <map>
#include <optional>

namespace simulation {

class memory_port final : public hosting::memory {
public:
    memory_port(world& w, life_clock& clock)
        : world_(w)
        , clock_(clock) {}
    memory_port(const memory_port&) = delete;
    memory_port& operator=(const memory_port&) = delete;
    ~memory_port() override {
        if (writing_) world_.now.time.cancel(*writing_);
    }

    asio::awaitable<hosting::result<hosting::memories>> load() override;
    [[nodiscard]] std::string installation_id() const override {
        return "installation " + std::to_string(state().installation);
    }
    void keep(hosting::site_record what) override;
    void forget_site(std::string site_id) override;
    void keep(hosting::server_facts what) override;
    void keep(hosting::incident_record what) override;
    void forget_incident(std::string place) override;
    asio::awaitable<hosting::result<order_answer>> keep_order(hosting::order_record what) override;
    void end_order(hosting::order_record what) override;
    asio::awaitable<void> flush() override;

private:
    void write_soon();
    void write();
    [[nodiscard]] disk& state() const { return world_.daemons.at(clock_.daemon()).state; }
    [[nodiscard]] bool fails() const { return world_.matter.any(fault::memory_fails); }

    world& world_;
    life_clock& clock_;
    std::map<std::string, std::optional<hosting::site_record>> sites_;
    std::map<std::string, hosting::server_facts> servers_;
    std::map<std::string, std::optional<hosting::incident_record>> incidents_;
    std::map<std::uint64_t, hosting::order_record> orders_;
    std::optional<tests::timeline::entry> writing_;
};

} // namespace simulation
