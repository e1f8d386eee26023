#include "daemon/endpoint/desk.hpp"

#include "adapters/metrics/metrics.hpp"
#include "adapters/store/random_uuid.hpp"
#include "daemon/endpoint/answers.hpp"
#include "daemon/endpoint/routes.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hosting::endpoint {
namespace {

namespace asio = boost::asio;

answer accepted(std::string_view message) {
    boost::json::object body;
    body["status"] = "accepted";
    body["message"] = boost::json::string_view(message.data(), message.size());
    body["task_id"] = store::random_uuid();
    return {200, boost::json::serialize(body)};
}

answer no_such_method(const route& where) {
    answer out = refusal(405, "Method Not Allowed");
    out.allow = where.methods;
    return out;
}

} // namespace

desk::desk(const settings& s, surroundings around)
    : gate_(s.supabase, s.service_key)
    , version_(s.version)
    , between_warnings_(s.bounds.between_warnings)
    , around_(std::move(around)) {}

asio::awaitable<answer> desk::answer_to(request what, std::string peer) {
    const route where = route_of(what.method, what.target);
    if (!where.asked) co_return refusal(404, "Not Found");
    if (!where.method_fits) co_return no_such_method(where);
    const service_status now = co_await around_.work.status();
    switch (*where.asked) {
    case question::status: co_return status_answer(now, version_);
    case question::alive: co_return alive_answer(now);
    case question::ready: co_return ready_answer(now, where.verbose);
    case question::metrics: {
        answer out{200, around_.metrics(now), std::string(metrics::content_type)};
        co_return out;
    }
    case question::process: co_return process(what.body, now, peer);
    }
    co_return refusal(404, "Not Found");
}

answer desk::process(std::string_view body, const service_status& now, const std::string& peer) {
    if (now.stopping) return refusal(503, "the service is stopping");
    auto read = read_process_call(body);
    if (auto* mistakes = std::get_if<answer>(&read)) return std::move(*mistakes);
    const auto& call = std::get<process_call>(read);
    if (auto refused = gate_.refuse(call)) {
        warn(*refused, peer);
        return std::move(*refused);
    }
    if (around_.journal.enabled(log_level::debug))
        around_.journal.write(log_level::debug, "POST /process from " + peer, {{"SITE_ID", call.site_id}});
    if (call.site_id.empty()) {
        around_.work.poll_now();
        return accepted("pending sites are looked for now");
    }
    around_.work.request(call.site_id);
    return accepted("the site is worked on now");
}

void desk::warn(const answer& refused, const std::string& peer) {
    const auto now = std::chrono::steady_clock::now();
    if (warned_ && now - *warned_ < between_warnings_) return;
    warned_ = now;
    const std::string_view why =
        refused.status == 401 ? "its supabase_service_key is not ours" : "its supabase_url is not ours";
    around_.journal.write(log_level::warning,
                          "POST /process from " + peer + " was refused: " + std::string(why));
}

} // namespace hosting::endpoint
