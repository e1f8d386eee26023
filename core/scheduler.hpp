// Which site next. Pure: knows the pending rows and what came of their runs, reads no clock, does no I/O.
//
// Sites wait in lanes, one for each server, oldest first; the lanes take turns, so that a server with a
// thousand sites does not starve one with a single one. A site that waits for its next attempt stands in no
// lane and holds no slot. A server that cannot be used closes its lane (server_health.hpp). Not thread-safe:
// the dispatcher's strand owns it.
#pragma once

#include "core/model.hpp"
#include "core/moment.hpp"
#include "core/progress.hpp"
#include "core/records.hpp"
#include "core/retry.hpp"
#include "core/server_health.hpp"

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hosting {

struct scheduler_limits {
    std::size_t sites_in_flight = 256;
    std::size_t sites_in_flight_per_server = 8;
};

struct scheduler_settings {
    scheduler_limits limits;
    retry_policy retry;
};

// A site that is to be run now.
struct site_start {
    std::string id;
    std::string domain;    // as the row had it when it was last seen
    std::string server_id; // the same; empty: none
    bool explicit_request = false;

    // Sites that wait for their server are started without it, to say why they wait or that they gave up.
    enum class purpose { work, announce, give_up };
    purpose what = purpose::work;
    bool probe = false;               // the first one on a server that could not be used
    std::optional<failure> waits_for; // for announce and give_up: why the server cannot be used
    steady_time next_probe;           // for announce
    site_progress progress;
};

// A site that is not done, for people.
struct waiting_site {
    std::string id;
    std::string domain;
    std::optional<steady_time> next_attempt; // nullopt: not by itself
    bool paused = false;                     // its server is
    std::optional<errc> cause;               // why it waits, if that is known
};

struct scheduler_counts {
    std::size_t running = 0;
    std::size_t ready = 0;    // could start now, were there a slot and their server of use
    std::size_t sleeping = 0; // wait for their next attempt
};

class scheduler {
public:
    explicit scheduler(scheduler_settings settings)
        : settings_(settings) {}

    void set_settings(scheduler_settings settings);

    // What is remembered of earlier lives; before the first poll.
    void restore(std::vector<site_record> sites, const std::vector<incident_record>& incidents,
                 const moment& now);

    // A poll begins: what finishes from now on may still stand in its answer as pending.
    void poll_started();
    // Its answer. Rows that are new become ready, or wait as an earlier life left them. `complete`: every
    // pending row is in it, so rows that are not are forgotten, with their attempts, unless they run just
    // now; so are those that were edited. Gives the ids that were forgotten. True in `first`: it brought a
    // row that was not known.
    struct changes {
        bool brought_new = false;
        std::vector<std::string> forgotten;
    };
    changes poll_answered(std::vector<pending_site> rows, bool complete, const moment& now);

    // Where daemons share the rows (core/ports/claims.hpp), these stand in place of polls' answers. Rows that
    // are ours from now on, with what is remembered of them; one that runs already runs on.
    void claimed(std::vector<pending_site> rows, std::vector<site_record> records, const moment& now);
    // Rows that are not ours any more are forgotten, unless they run just now.
    void lost(const std::vector<std::string>& ids);
    // The servers that cannot be used, as all daemons know, but for these places: about them, the newest word
    // is our own. A place is probed here only by one of `probes`: rows that were claimed for that.
    void adopt(const std::vector<incident_record>& incidents, const std::set<std::string>& but,
               const moment& now);
    void probe_by(const std::vector<std::string>& probes, const moment& now);
    // Forgets, and gives, the rows that can do nothing here but wait for their server.
    [[nodiscard]] std::vector<std::string> take_idle(const moment& now);
    // The same with all that do not run just now.
    [[nodiscard]] std::vector<std::string> take_waiting();

    // A row that a person named: runs whatever its state, at once if it waits for a retry.
    void request(pending_site row, const moment& now);

    // Where the rows' server_ids lead ("" stands for rows that name none). Those that are not named here lead
    // nowhere known: such sites run, and say so.
    struct destination {
        std::string place; // place_of() the server
        bool paused = false;
    };
    void set_destinations(std::map<std::string, destination> by_server_id, const moment& now);

    // The next site to run, if there is one and a slot for it. The caller runs it and then calls finished().
    [[nodiscard]] std::optional<site_start> next(const moment& now);

    // The run of a site ended; nullopt: it is done with, or its row is not ours any more.
    struct again {
        steady_time not_before;                // steady_time::max(): not by itself
        std::optional<site_progress> progress; // nullopt: as it was
        struct request {
            std::string domain;
            std::string server_id;
        };
        std::optional<request> row = std::nullopt; // as the run read it, if it came to that
    };
    void finished(const std::string& id, std::optional<again> retry, const moment& now);

    // What a site's step says about its server. A failure counts as the probe's if that site is the probe.
    server_health::change server_failed(const std::string& place, const std::string& site_id,
                                        const failure& why, const moment& now);
    server_health::change server_answered(const std::string& place, bool panel_worked, const moment& now);
    // Why a site that runs already must not begin a step on its server; nullptr: it may.
    [[nodiscard]] const failure* standing_failure(const std::string& place, const std::string& site_id) const;
    // nullptr: there is no such lane.
    [[nodiscard]] const server_health* health(const std::string& place) const;
    // All servers that cannot be used now are to be tried at once.
    void probe_all(const moment& now);

    // Supabase is back: who waits because of it waits no longer.
    void supabase_is_back(const moment& now);

    // When something is to be done that is not to be done now.
    [[nodiscard]] std::optional<steady_time> next_wakeup() const;
    [[nodiscard]] scheduler_counts counts() const noexcept;
    [[nodiscard]] std::vector<waiting_site> waiting() const;
    // Since when the row that waits the longest is known to; nullopt: none waits.
    [[nodiscard]] std::optional<steady_time> oldest() const;
    [[nodiscard]] bool knows(const std::string& id) const { return entries_.contains(id); }
    [[nodiscard]] bool is_running(const std::string& id) const {
        const auto found = entries_.find(id);
        return found != entries_.end() && found->second.now == state::running;
    }

private:
    struct lane;
    enum class state : std::uint8_t { ready, running, sleeping };
    struct entry {
        std::string domain;
        const std::string* id = nullptr;        // the key in entries_
        const std::string* server_id = nullptr; // of server_ids_
        lane* home = nullptr;
        std::int64_t order = 0;
        std::uint32_t seen_in_poll = 0;
        state now = state::ready;
        bool explicit_request = false;
        bool in_lane = false;                     // runs with its server, and counts there
        bool probe = false;                       // runs as the probe
        steady_time since{};                      // known to be pending
        steady_time not_before{};                 // while it sleeps
        std::optional<steady_time> blocked_since; // ready, but its lane is closed
        steady_time due = steady_time::max();     // then: when it is to announce that, or to give up
        std::unique_ptr<site_progress> progress;  // nullptr: nothing happened yet
    };
    // By time, and then by order: the same input gives the same output, whatever the addresses are.
    struct sooner {
        template<class T>
        bool operator()(const std::pair<steady_time, T*>& a, const std::pair<steady_time, T*>& b) const {
            return a.first != b.first ? a.first < b.first : a.second->order < b.second->order;
        }
    };
    struct lane {
        lane(std::size_t number, probe_policy policy)
            : order(number)
            , health(policy) {}
        std::size_t order;
        std::map<std::int64_t, entry*> ready; // by order
        std::size_t running = 0;
        bool paused = false;
        bool queued = false; // stands in turns_
        server_health health;
        std::optional<steady_time> probe_at; // stands in probes_
    };

    [[nodiscard]] probe_policy policy() const;
    [[nodiscard]] lane& lane_for(const entry& e, const moment& now);
    [[nodiscard]] lane& lane_named(const std::string& name, const moment& now);
    entry& add(pending_site row, bool explicit_request, const moment& now);
    void place_in_lane(entry& e, const moment& now);
    void sleep_until(entry& e, steady_time when);
    void stop_waiting(entry& e);
    void wake(entry& e, const moment& now);
    void wake_due(const moment& now);
    void block(entry& e, const moment& now);
    void unblock(entry& e);
    void open(lane& l, const moment& now);
    void schedule_probe(lane& l, const moment& now);
    void enqueue(lane& l, const moment& now);
    [[nodiscard]] bool is_probe(const std::string& site_id, const lane& of) const;
    [[nodiscard]] std::optional<site_start> next_blocked(const moment& now);
    [[nodiscard]] std::optional<site_start> next_in_turn(const moment& now);
    [[nodiscard]] static site_start start(const entry& e);
    [[nodiscard]] steady_time announce_at(const entry& e) const;
    [[nodiscard]] steady_time give_up_at(const entry& e) const;

    scheduler_settings settings_;
    std::unordered_map<std::string, entry> entries_; // by row id
    std::map<std::string, lane> lanes_; // by place, or for a server_id that has none; never erased
    std::map<std::string, destination> destinations_;
    std::set<std::string> server_ids_; // each once; never erased, there are few
    std::list<lane*> turns_;           // lanes that may start something, in turn
    std::set<std::pair<steady_time, entry*>, sooner> sleeping_;
    std::set<std::pair<steady_time, entry*>, sooner> due_;
    std::set<std::pair<steady_time, lane*>, sooner> probes_;
    std::unordered_map<std::string, std::uint32_t> finished_in_poll_; // ids done while a poll was under way
    std::unordered_map<std::string, site_record> remembered_; // of earlier lives, until their rows come
    std::map<std::string, incident_record> incidents_;        // of earlier lives, until their lanes come
    std::uint32_t poll_ = 0;
    std::int64_t next_order_ = 1;
    std::int64_t first_order_ = 0; // of those that a person named, downwards
    std::size_t running_ = 0;
    bool some_idle_ = false; // some may wait for their server
};

} // namespace hosting
