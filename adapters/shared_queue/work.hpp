// Who works on what in the shared queue, for people and for a daemon that wants the rows for itself.
#pragma once

#include "adapters/http/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/records.hpp"
#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::shared_queue {

// Of conf/shared-queue.sql.
inline constexpr int wanted_version = 1;

// What to do where the queue is not there, or is older than the program.
inline constexpr std::string_view how_to_apply =
    "run conf/shared-queue.sql (in /usr/share/doc/hosting-automator/examples, where the package is "
    "installed) in Supabase's SQL editor";

struct worker_view {
    std::string worker;
    std::string host;
    std::size_t held = 0; // rows, under a lease that has not ended
};

struct work_view {
    int version = 0;
    std::vector<worker_view> workers;
};

// What the queue knows of a row.
struct job_view {
    std::optional<site_record> record; // nullopt: it is no job, or was not begun yet
    std::string worker;                // who holds it; empty: nobody
    std::string host;
    // Of the server and the registered domain that were named.
    std::vector<incident_record> incidents;
    std::vector<server_facts> servers;
    std::vector<order_record> orders; // of that domain; and of that server, for a day
};

// A row, where its server is, and its registered domain; empty: unknown.
struct job_question {
    std::string site_id;
    std::string place;
    std::string registered;
};

// nullopt: there is no shared queue in the database. The client must outlive the calls.
[[nodiscard]] boost::asio::awaitable<result<std::optional<work_view>>> look_at_work(supabase::settings,
                                                                                    http::client&);

// nullopt: there is no queue.
[[nodiscard]] boost::asio::awaitable<result<std::optional<job_view>>>
look_at_job(supabase::settings, http::client&, job_question about);

} // namespace hosting::shared_queue
