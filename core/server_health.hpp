// Whether a server can be used, and how many sites may be at work on it. Pure; not thread-safe.
//
// A server that cannot be used is one incident, not one of each of its sites: they wait, one of them at a
// time goes ahead as the probe, ever more rarely, and after the first answer the others follow step by step.
#pragma once

#include "core/errors.hpp"
#include "core/moment.hpp"
#include "core/records.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace hosting {

struct probe_policy {
    std::chrono::milliseconds first_delay{30'000};
    std::chrono::milliseconds max_delay{
        300'000}; // between two probes: an outage's end is noticed within this
    std::size_t most_at_work = 8;
};

class server_health {
public:
    explicit server_health(probe_policy policy)
        : policy_(policy)
        , allowed_(policy.most_at_work) {}

    void set_policy(probe_policy policy);

    // An incident of an earlier life goes on. A stored time further ahead than the longest delay counts as
    // now.
    void restore(const incident_record& known, const moment& now);
    // The incident is known to all daemons, and who probes is not decided here: nothing is admitted until
    // probe_soon(). True: it was not down before.
    bool adopt(const incident_record& known, const moment& now);
    // Others found that it is over.
    void came_back_elsewhere() noexcept { incident_.reset(); }

    [[nodiscard]] bool is_down() const noexcept { return incident_.has_value(); }
    // Of the incident; only while it is down.
    [[nodiscard]] const failure& why() const noexcept { return incident_->why; }
    [[nodiscard]] steady_time next_probe() const noexcept { return incident_->next_probe; }
    [[nodiscard]] steady_time down_since() const noexcept { return incident_->since; }

    // How many sites may be at work there now.
    [[nodiscard]] std::size_t admits(steady_time now) const noexcept;
    // A site goes ahead; while it is down, that is the probe. True: it is.
    [[nodiscard]] bool started() noexcept;
    // The probe ended without a word of or about the server.
    void probe_said_nothing(steady_time now) noexcept;
    // A person wants to know now.
    void probe_soon(steady_time now) noexcept;

    enum class change { none, went_down, other_cause, came_back };
    // A step could not be done because of the server. `by_probe`: or by a site that was at work already.
    change failed(const failure& why, const moment& now, bool by_probe);
    // A step was answered by the server, whatever the answer. What is wrong with its panel is only over when
    // that has worked: many an answer does without it.
    change answered(bool panel_worked);

    // What is kept of the incident; nullopt: there is none.
    [[nodiscard]] std::optional<incident_record> record(std::string place, const moment& now) const;

private:
    struct incident {
        failure why;
        steady_time since;
        steady_time next_probe;
        unsigned probes = 0; // failed ones
        bool probing = false;
        bool probed_here = true;
    };
    [[nodiscard]] std::chrono::milliseconds delay(unsigned probes, double roll) const noexcept;

    probe_policy policy_;
    std::optional<incident> incident_;
    std::size_t allowed_; // grows after an incident
};

} // namespace hosting
