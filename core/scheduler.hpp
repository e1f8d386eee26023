// Which site next. Pure: knows the pending rows and what came of their runs, reads no clock, does no I/O.
//
// Sites wait in lanes, one for each server_id, oldest first; the lanes take turns, so that a server with a
// thousand sites does not starve one with a single one. A site that waits for a retry stands in no lane and
// holds no slot. Not thread-safe: the dispatcher's strand owns it.
#pragma once

#include "core/model.hpp"
#include "core/site_machine.hpp"

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace hosting {

struct scheduler_limits {
    std::size_t sites_in_flight = 256;
    std::size_t sites_in_flight_per_server = 8;
};

// A site that is to be run now.
struct site_start {
    std::string id;
    std::string domain;    // as the row had it when it was last seen
    std::string server_id; // the same; empty: none
    bool explicit_request = false;
    site_progress progress;
};

// A site that is not done, for people.
struct waiting_site {
    std::string id;
    std::string domain;
    std::optional<std::chrono::steady_clock::time_point> next_attempt; // nullopt: not by itself
    bool paused = false;                                               // its server is
    std::optional<errc> cause;                                         // of its last failure, if any
};

struct scheduler_counts {
    std::size_t running = 0;
    std::size_t ready = 0;    // could start now, were there a slot
    std::size_t sleeping = 0; // wait for their next attempt
};

class scheduler {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit scheduler(scheduler_limits limits)
        : limits_(limits) {}

    // A poll begins: what finishes from now on may still stand in its answer as pending.
    void poll_started();
    // Its answer: every pending row, oldest first. Rows that are new become ready; rows that are gone or were
    // edited are forgotten, with their attempts, unless they run just now.
    void poll_answered(std::vector<pending_site> rows);

    // A row that a person named: runs whatever its state, at once if it waits for a retry.
    void request(pending_site row);

    // Servers whose sites must wait, by server_id ("" stands for rows that name none).
    void set_paused(std::set<std::string> server_ids);

    // The next site to run, if there is one and a slot for it. The caller runs it and then calls finished().
    [[nodiscard]] std::optional<site_start> next(time_point now);

    // The run of a site ended; nullopt: it is done with, or its row is not ours any more.
    struct again {
        time_point not_before;                 // time_point::max(): not by itself
        std::optional<site_progress> progress; // nullopt: as it was
    };
    void finished(const std::string& id, std::optional<again> retry);

    // When the earliest sleeping site wakes.
    [[nodiscard]] std::optional<time_point> next_wakeup() const;
    [[nodiscard]] scheduler_counts counts() const noexcept;
    [[nodiscard]] std::vector<waiting_site> waiting() const;

private:
    struct lane;
    struct entry {
        pending_site row;
        std::uint64_t order = 0;
        lane* home = nullptr;
        enum class state { ready, running, sleeping } now = state::ready;
        bool explicit_request = false;
        std::uint64_t seen_in_poll = 0;
        time_point not_before;
        std::unique_ptr<site_progress> progress; // nullptr: nothing happened yet
    };
    struct lane {
        std::map<std::uint64_t, entry*> ready; // by order
        std::size_t running = 0;
        bool paused = false;
        bool queued = false; // stands in turns_
    };

    void add(pending_site row, bool explicit_request);
    void make_ready(entry& e);
    void enqueue(lane& l);
    void remove(std::unordered_map<std::string, entry>::iterator where);
    void wake_due(time_point now);

    scheduler_limits limits_;
    std::unordered_map<std::string, entry> entries_; // by row id
    std::map<std::string, lane> lanes_;              // by server_id; never erased, there are few
    std::list<lane*> turns_;                         // lanes that may start something, in turn
    std::set<std::pair<time_point, entry*>> sleeping_;
    std::unordered_map<std::string, std::uint64_t> finished_in_poll_; // ids done while a poll was under way
    std::set<std::string> paused_;
    std::uint64_t poll_ = 0;
    std::uint64_t next_order_ = 1;
    std::size_t running_ = 0;
};

} // namespace hosting
