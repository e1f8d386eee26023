// What became of each site so far, as far as the daemon can know it: the rules judge by this.
#pragma once

#include "core/errors.hpp"
#include "core/model.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/world/disk.hpp"
#include "tests/simulation/world/hub.hpp"
#include "tests/simulation/world/troubles.hpp"

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace simulation {

// The present request of a row: from when the Hub set it to pending (or changed it) on.
struct story {
    unsigned request = 0;
    std::string domain; // as the row has it
    std::string server_id;
    steady_time since;
    std::array<unsigned, hosting::stage_count> failures{}; // heard, that cost an attempt
    std::array<unsigned, hosting::stage_count> forgiven{}; // of these: that a kill may have wiped out
    std::optional<hosting::stage> lost;                    // whose reply was lost last
    bool lost_unsure = false;                              // which a kill may have wiped out
    std::set<hosting::errc> heard;                         // all causes
    steady_time last_count = steady_time::min();           // of a failure that cost an attempt
    steady_time last_answer;                               // of the site's server to the site, or `since`
    steady_time answer_before;                             // the same, when the present run began
    std::optional<steady_time> first_refusal;              // of a certificate, by whomever
    std::optional<wall_time> told;                         // when Let's Encrypt said to come back
    bool held = false;                                     // by a budget
    bool analytics_failed = false;
    bool begun = false;         // some call was made for it
    bool blurred = false;       // the daemon cannot know that it is another request than the one before
    bool times_blurred = false; // the daemon's clock was set forward, and it was started anew after that
    std::string last_server;    // where its last step was made
    steady_time last_touch = steady_time::min(); // of the daemon: some request about it
};

class ledger {
public:
    ledger(scene& s, const run_settings& settings)
        : scene_(s)
        , settings_(settings) {}

    // Where daemons share the rows: whether whoever makes the call still has the site.
    std::function<bool(const call& c)> still_has;

    [[nodiscard]] story& of(const std::string& id) { return stories_[id]; }

    // The Hub's rows.
    void row_edited(const hosting::site* before, const hosting::site* after);
    void row_written(const std::string& id, const hosting::outcome& what);
    // The daemon learns that the row is not pending. From a poll it does not while it works on the site.
    void seen_done(const std::string& id) { unseen_.erase(id); }
    void seen_by_poll(const std::string& id);
    // A run begins with reading the row: what it does is about the request that was there then.
    void row_read(const std::string& id);
    void touched(const std::string& id) { of(id).last_touch = scene_.time.now(); }
    [[nodiscard]] bool may_be_in_a_run(const std::string& id);
    // Done rows of which the daemon does not know it yet.
    [[nodiscard]] const std::set<std::string>& unseen() const noexcept { return unseen_; }

    // Calls of the daemon.
    void begins(call& c);
    void failed(const call& c, const hosting::failure& why);
    void answered(const call& c);
    void server_served(const call& c);                       // what the site wanted of it
    void answered_badly(const call& c, hosting::errc cause); // success is said, but is none
    void refused_certificate(const std::string& id);         // by the preflight, or by a budget
    void held_back(const std::string& id);

    // The daemon's lives.
    void killed(const disk& left, bool memory_was_failing);
    void began_anew();
    // Where daemons share the rows: who had the site was gone before it said what it knew.
    void taken_over(const std::string& id, const hosting::site_record* known);
    void memory_lost();

    void forget(const std::string& id);

private:
    [[nodiscard]] unsigned most_failures(hosting::stage s) const;
    void count(story& s, const call& c);
    void new_request(const hosting::site& row);

    scene& scene_;
    const run_settings& settings_;
    std::unordered_map<std::string, story> stories_;
    std::set<std::string> unseen_;
    struct row_as_read {
        std::string domain;
        std::string server_id;
        friend bool operator==(const row_as_read&, const row_as_read&) = default;
    };

    std::unordered_map<std::string, unsigned> worked_on_;  // the request, by row
    std::unordered_map<std::string, row_as_read> read_as_; // when a run began with it, by row
};

} // namespace simulation
