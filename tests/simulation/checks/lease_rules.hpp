// What must hold where several daemons share the rows.
#pragma once

#include "core/steps.hpp"
#include "tests/simulation/world/shared_queue.hpp"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace simulation {

class world;
struct call;

class lease_rules final : public shared_queue_watch {
public:
    explicit lease_rules(world& w)
        : world_(w) {}

    // A call that may change something on a server begins.
    void step_begins(const call& c, const hosting::fence& shown);
    // Under the lock of a server something is begun.
    void acted(const std::string& address, const std::string& domain, const hosting::fence& shown);

    void handed_out(const std::string& site_id, const std::string& worker, std::uint64_t token) override;
    void written_by(const std::string& site_id, std::uint64_t token) override;
    void taken_over(const std::string& site_id, const hosting::site_record* record) override;
    void forgotten(const std::string& site_id) override;
    void incident_over(const std::string& place) override;

    // It ended by itself, in good order; `heard`: Supabase could be asked meanwhile.
    void left(const std::string& worker, bool heard);
    // From time to time: what was held by one that is gone must be taken up, by whoever has room.
    void look_for_abandoned();

private:
    void one_holder(const call& c);
    void one_prober(const call& c);
    [[nodiscard]] bool could_be_taken_up(const std::string& id, wall_time since) const;

    world& world_;
    std::map<std::string, std::uint64_t> newest_;                        // the newest token of a site
    std::uint64_t highest_ = 0;                                          // of all
    std::map<std::pair<std::string, std::string>, std::uint64_t> acted_; // the highest, by address and domain
    std::set<std::string> left_alone_;                                   // at the last look
};

} // namespace simulation
