// From the functions' JSON to what it means. An answer that is not what conf/shared-queue.sql promises is
// supabase_unexpected.
#pragma once

#include "adapters/shared_queue/book.hpp"
#include "adapters/shared_queue/json_rows.hpp"
#include "adapters/shared_queue/work.hpp"
#include "core/model.hpp"
#include "core/records.hpp"
#include "core/result.hpp"

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::shared_queue {

// The body of an answer. `function` is for the sentence that says what is odd.
[[nodiscard]] result<json::object> read_object(std::string_view body, std::string_view function);

// The answer's "now", when our own clock showed `ours`.
[[nodiscard]] result<clock_difference> clocks_of(const json::object& answer, wall_time ours);

struct entrance {
    std::string queue;
    std::uint64_t number = 0; // of this life among all daemons'
};
[[nodiscard]] result<entrance> read_entrance(const json::object& answer);

// What others found out since the cursor that was asked with.
struct news {
    std::vector<order_record> orders;
    std::vector<server_facts> servers;
    std::int64_t seen = 0; // the cursor to ask with the next time
    bool more = false;     // there is more at once
};
[[nodiscard]] result<news> read_news(const json::object& answer, clock_difference clocks);

struct claimed_row {
    pending_site row;
    std::uint64_t token = 0;
    std::optional<site_record> record;
    bool probe = false;
};
struct claim_reply {
    std::vector<claimed_row> rows;
    tokens held; // all that are ours now
    std::vector<incident_record> incidents;
    bool full = false; // there were more rows than were wanted
};
[[nodiscard]] result<claim_reply> read_claim(const json::object& answer, clock_difference clocks);

[[nodiscard]] result<tokens> read_held(const json::object& answer);

// Whether an order was kept.
[[nodiscard]] result<bool> read_kept(const json::object& answer);

enum class finish_result { written, row_changed, lease_lost };
[[nodiscard]] result<finish_result> read_finish(const json::object& answer);

[[nodiscard]] result<work_view> read_work(const json::object& answer);
[[nodiscard]] result<job_view> read_job(const json::object& answer, clock_difference clocks);

} // namespace hosting::shared_queue
