// One call of a function of the database.
#pragma once

#include "adapters/http/client.hpp"
#include "adapters/shared_queue/json_rows.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hosting::shared_queue {

struct reply {
    std::optional<json::object> value;
    failure why;                            // where there is none
    bool not_there = false;                 // no such function: the migration is not there, or older
    bool unknown_worker = false;            // nobody of our name has entered
    bool may_be_done = false;               // all the same
    std::optional<clock_difference> clocks; // where the value has a "now"
};

// `name`: behind "hosting_automator_". `writing`: that the values are refused says something of the row.
// `repeatable`: again, it does no harm. The client must outlive the call.
struct call {
    std::string name;
    json::object arguments;
    bool writing = false;
    bool repeatable = true;
};
// Asks who works on what, and of whatever the arguments name. It changes nothing.
[[nodiscard]] boost::asio::awaitable<reply>
make_look(const supabase::settings& project, http::client& over,
          std::vector<std::pair<std::string, std::string>> arguments = {});

[[nodiscard]] boost::asio::awaitable<reply> make_call(const supabase::settings& project, http::client& over,
                                                      call what);

} // namespace hosting::shared_queue
