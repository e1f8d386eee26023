// The Hub's tables, as the database holds them: what the Hub does to them, and what Supabase reads and
// writes.
#pragma once

#include "core/model.hpp"
#include "tests/simulation/world/scene.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace simulation {

struct server_row {
    hosting::server is;
    std::string key;
};

class hub {
public:
    explicit hub(scene& s)
        : scene_(s) {}

    // Who wants to hear of each change of a row: by the Hub (null: it did not exist before, or does not any
    // more), and by us.
    using edited_hook = std::function<void(const hosting::site* before, const hosting::site* after)>;
    using written_hook = std::function<void(const hosting::site& as_read, const hosting::site& before,
                                            const hosting::site& after, const hosting::outcome& what)>;
    edited_hook edited;
    written_hook written;

    std::vector<server_row> servers;
    [[nodiscard]] server_row* server_of(const hosting::site& row);

    // The Hub's own doing.
    void insert(hosting::site row);
    void erase(const std::string& id);
    void edit(const std::string& id, const std::function<void(hosting::site&)>& how);
    // Done rows that nobody will ask for any more.
    void archive(const std::string& id);

    // Supabase's.
    [[nodiscard]] const hosting::site* find(const std::string& id) const;
    [[nodiscard]] std::vector<hosting::pending_site> page(const std::string& after_id,
                                                          std::size_t limit) const;
    [[nodiscard]] std::vector<hosting::pending_site> newest(std::size_t limit) const;
    [[nodiscard]] std::vector<hosting::pending_site> oldest_pending() const;
    [[nodiscard]] bool is_pending(const std::string& id) const { return pending_.contains(id); }
    [[nodiscard]] wall_time created_at(const std::string& id) const { return born_.at(id).when; }
    // A conditional PATCH. False: no row fits.
    bool update(const hosting::site& as_read, const hosting::outcome& what);
    // What no client of ours may ever send.
    bool update_whatever(const hosting::site& as_read, const hosting::outcome& what);

    [[nodiscard]] std::size_t pending_count() const noexcept { return pending_.size(); }
    [[nodiscard]] const std::unordered_map<std::string, hosting::site>& rows() const noexcept {
        return rows_;
    }
    // Ids in their order.
    [[nodiscard]] std::vector<std::string> ids() const;

private:
    static bool is_pending(const hosting::site& row);
    void index(const hosting::site& row);
    void write(const hosting::site& as_read, hosting::site& row, const hosting::outcome& what);

    scene& scene_;
    std::unordered_map<std::string, hosting::site> rows_;
    struct birth {
        std::uint64_t number;
        wall_time when;
    };
    std::unordered_map<std::string, birth> born_;
    std::map<std::string, hosting::pending_site> pending_;          // by id
    std::map<std::uint64_t, std::string, std::greater<>> by_birth_; // of the pending ones, newest first
    std::uint64_t next_birth_ = 1;
};

} // namespace simulation
