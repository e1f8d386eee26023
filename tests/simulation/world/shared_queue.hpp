// The queue that several daemons share, as conf/shared-queue.sql keeps it in the Hub's database: who has
// which row until when, and what all know of sites, servers and orders. Every call is one transaction. All
// times are the database's own clock's.
#pragma once

#include "core/ports/claims.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/world/hub.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace simulation {

// What others want to hear of it.
class shared_queue_watch {
public:
    virtual ~shared_queue_watch() = default;
    virtual void handed_out(const std::string& site_id, const std::string& worker, std::uint64_t token) = 0;
    // The row is written by the worker that once got this token.
    virtual void written_by(const std::string& site_id, std::uint64_t token) = 0;
    // The job's holder was gone before it said what it knew: `record` is what is known.
    virtual void taken_over(const std::string& site_id, const hosting::site_record* record) = 0;
    virtual void forgotten(const std::string& site_id) = 0;
    virtual void incident_over(const std::string& place) = 0;
};

class shared_queue {
public:
    shared_queue(scene& s, const run_settings& settings, hub& rows);
    shared_queue_watch* watch = nullptr;

    static constexpr std::string_view id = "the queue";
    [[nodiscard]] wall_time now() const { return scene_.true_wall() + ahead_; }

    // The number of the worker's life, for the ids of its orders.
    std::uint64_t enter(const std::string& worker);
    void leave(const std::string& worker);

    struct cursors {
        std::uint64_t orders = 0;
        std::uint64_t servers = 0;
    };
    struct claimed_row {
        hosting::pending_site row;
        std::uint64_t token;
        std::optional<hosting::site_record> record;
    };
    struct changed_order {
        std::uint64_t change;
        hosting::order_record order;
    };
    struct claimed {
        std::vector<claimed_row> rows;
        std::vector<std::string> probes;
        std::map<std::string, std::uint64_t> held;
        std::vector<hosting::incident_record> incidents;
        std::vector<hosting::server_facts> servers;
        std::vector<changed_order> orders;
        cursors seen;
        bool more = false;
        wall_time now;
    };
    // nullopt: no such worker is known.
    std::optional<claimed> claim(const std::string& worker, const hosting::claim_demand& wanted,
                                 milliseconds lease, cursors seen);
    struct renewed {
        std::map<std::string, std::uint64_t> held;
        wall_time now;
    };
    std::optional<renewed> renew(const std::string& worker, milliseconds lease);

    // Writes of one batch; of those with a token, what is not the worker's job's any more is left out.
    void keep(const std::string& worker, std::uint64_t token, hosting::site_record what);
    void release(const std::string& worker, std::uint64_t token, const std::string& site_id);
    void forget(const std::string& worker, std::uint64_t token, const std::string& site_id);
    void keep(hosting::server_facts what);
    // `noted`: when it was seen; what was seen before what is known is no news.
    void keep(hosting::incident_record what, wall_time noted);
    void forget_incident(const std::string& place, wall_time noted);
    void end_order(const hosting::order_record& what);

    struct ordered {
        bool kept = false;
        wall_time at;
        std::vector<changed_order> news;
        std::uint64_t seen_orders = 0;
        wall_time now;
    };
    ordered order(hosting::order_record what, std::uint64_t seen);

    enum class finished { written, row_changed, lease_lost };
    finished finish(const std::string& worker, std::uint64_t token, const hosting::site& as_read,
                    const hosting::outcome& what);

    // For the checks.
    struct job {
        std::string domain; // as the row had it
        std::string server; // the same
        std::optional<hosting::site_record> record;
        std::optional<wall_time> waiting_since;
        std::optional<wall_time> next_attempt;
        std::string worker; // empty: nobody's
        std::uint64_t token = 0;
        std::optional<wall_time> abandoned; // since then: its holder was gone before it gave it back
    };
    [[nodiscard]] const job* find(const std::string& site_id) const;
    [[nodiscard]] bool is_live(const job& j) const;
    [[nodiscard]] bool holds_any(const std::string& worker) const;
    [[nodiscard]] const hosting::incident_record* incident_at(const std::string& place) const;
    // Since when whoever asks is told of it.
    [[nodiscard]] std::optional<wall_time> incident_known_at(const std::string& place) const;
    [[nodiscard]] std::vector<hosting::order_record> orders() const;
    [[nodiscard]] std::map<std::string, wall_time> abandoned() const; // since when
    // Of the worker's jobs: all, and those of one server's rows.
    [[nodiscard]] std::pair<std::size_t, std::size_t> held(const std::string& worker,
                                                           const std::string& server) const;

private:
    struct known_worker {
        std::uint64_t number = 0;
        std::optional<wall_time> lease_until;
    };
    bool extend(const std::string& worker, milliseconds lease);
    void release_ended();
    void abandon(const std::string& worker);
    [[nodiscard]] job* held_by(const std::string& worker, std::uint64_t token, const std::string& site_id);
    [[nodiscard]] bool waits(const hosting::pending_site& row) const;
    [[nodiscard]] bool speaks(const hosting::pending_site& row, const hosting::incident_record& of,
                              milliseconds outage_limit) const;
    [[nodiscard]] const hosting::incident_record* incident_of(const std::string& server_id) const;
    [[nodiscard]] bool is_paused(const std::string& server_id) const;
    [[nodiscard]] bool may_have(const hosting::pending_site& row, milliseconds outage_limit) const;
    void give(claimed& to, const std::string& worker, const hosting::pending_site& row, bool probe);
    void take_only(claimed& to, const std::string& worker, const std::string& site_id);
    void take_probes(claimed& to, const std::string& worker, std::size_t room, milliseconds lease);
    void take_turns(claimed& to, const std::string& worker, const hosting::claim_demand& wanted);
    void sweep();
    void erase(const std::string& site_id);
    [[nodiscard]] std::map<std::string, std::uint64_t> all_held_by(const std::string& worker) const;
    void add_news(std::vector<changed_order>& to, std::uint64_t number, std::uint64_t seen) const;

    scene& scene_;
    const run_settings& settings_;
    hub& rows_;
    wall_time::duration ahead_; // of the true time
    std::map<std::string, job> jobs_;
    std::map<std::string, known_worker> workers_;
    struct known_incident {
        hosting::incident_record is;
        wall_time known_since;
        wall_time noted;
        std::string probe; // the row that was handed out to find out whether it is over
        std::uint64_t probe_token = 0;
    };
    [[nodiscard]] bool is_probed(const known_incident& i) const;
    std::map<std::string, known_incident> incidents_;
    std::map<std::string, std::pair<std::uint64_t, hosting::server_facts>> servers_; // with their change
    struct kept_order {
        std::uint64_t change;
        std::string registered;
        hosting::order_record is;
    };
    std::map<std::uint64_t, kept_order> orders_;
    std::uint64_t next_token_ = 1;
    std::uint64_t next_number_ = 1;
    std::uint64_t last_change_ = 0;
};

} // namespace simulation
