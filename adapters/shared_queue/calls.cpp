#include "adapters/shared_queue/calls.hpp"

#include "adapters/shared_queue/answers.hpp"
#include "adapters/shared_queue/work.hpp"
#include "adapters/supabase/answers.hpp"
#include "adapters/supabase/requests.hpp"

#include <boost/json/serialize.hpp>
#include <chrono>

namespace hosting::shared_queue {
namespace {

using std::chrono::system_clock;

// What conf/shared-queue.sql raises.
constexpr std::string_view unknown_worker_code = "HA001";
constexpr std::string_view other_version_code = "HA002";

reply without_value(const http::response& answer, const std::string& function, bool writing) {
    reply out;
    const auto code = supabase::error_code(answer);
    // PostgREST may still believe in a function that is gone; then the database says so.
    out.not_there = code == "PGRST202" || code == "42883" || code == other_version_code;
    out.unknown_worker = code == unknown_worker_code;
    out.may_be_done = supabase::may_have_been_done(answer);
    supabase::asked what;
    what.table = function;
    what.writing = writing;
    what.calling = true;
    out.why = supabase::explain(answer, what, system_clock::now());
    if (out.not_there)
        out.why = {errc::supabase_schema, "the database has no shared queue, or one of another version: " +
                                              std::string(how_to_apply)};
    return out;
}

boost::asio::awaitable<reply> answered(http::client& over, http::request request, std::string function,
                                       bool writing) {
    const auto asked = system_clock::now();
    const auto answer = co_await over.send(std::move(request));
    reply out;
    if (!answer) {
        out.why = supabase::explain(answer.error());
        out.may_be_done = answer.error().what == http::transport_failure::kind::outcome_unknown;
        co_return out;
    }
    if (!supabase::is_success(*answer)) co_return without_value(*answer, function, writing);
    auto value = read_object(answer->body, function);
    if (!value) {
        out.why = value.error();
        out.may_be_done = true;
        co_return out;
    }
    // The database's clock was read somewhere between the two.
    const auto clocks = clocks_of(*value, asked + (system_clock::now() - asked) / 2);
    if (clocks) out.clocks = *clocks;
    out.value = std::move(*value);
    co_return out;
}

} // namespace

boost::asio::awaitable<reply> make_call(const supabase::settings& project, http::client& over, call what) {
    const std::string function = "hosting_automator_" + what.name;
    http::request request = supabase::function_request(project, function, json::serialize(what.arguments));
    request.repeatable = what.repeatable;
    co_return co_await answered(over, std::move(request), function, what.writing);
}

boost::asio::awaitable<reply> make_look(const supabase::settings& project, http::client& over,
                                        std::vector<std::pair<std::string, std::string>> arguments) {
    const std::string function = "hosting_automator_work";
    http::request request = supabase::reading_request(project, function, arguments);
    co_return co_await answered(over, std::move(request), function, false);
}

} // namespace hosting::shared_queue
