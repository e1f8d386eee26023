// The log: read by the rules, as operators read it.
#pragma once

#include "core/ports/log.hpp"
#include "tests/simulation/world/world.hpp"

#include <map>
#include <string>

namespace simulation {

class journal_port final : public hosting::log {
public:
    journal_port(world& w, std::size_t daemon)
        : world_(w)
        , daemon_(daemon) {}

    [[nodiscard]] bool enabled(hosting::log_level level) const noexcept override {
        return level > hosting::log_level::debug || world_.settings.shown;
    }
    void write(hosting::log_level level, std::string_view message,
               std::span<const hosting::log_field> fields) override;
    using hosting::log::write;

private:
    void judge(std::string_view message, std::span<const hosting::log_field> fields);
    void judge_servers_line(std::string_view message, const std::string& server);

    world& world_;
    std::size_t daemon_;
    std::map<std::string, unsigned> said_;    // the turn (world::said) in which it was said here, by address
    std::map<std::uint64_t, unsigned> lines_; // that say so, by trouble
};

} // namespace simulation
