#include "daemon/endpoint/answers.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hosting::endpoint {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::string_view plain = "text/plain; charset=utf-8";
constexpr auto hangs_when_late = 60s;

struct check {
    std::string_view name;
    bool passed;
};

std::array<check, 3> checks_of(const service_status& now) {
    return {check{"running", !now.stopping}, check{"polled", now.last_poll.has_value()},
            check{"supabase", !now.supabase_away}};
}

bool is_ready(const service_status& now) { return std::ranges::all_of(checks_of(now), &check::passed); }

json::string text_of(std::string_view text) { return json::string(text.data(), text.size()); }

json::value time_of(const std::optional<wall_time>& when) {
    if (!when) return nullptr;
    return text_of(utc_text(*when));
}

json::array servers_of(const service_status& now) {
    json::array all;
    for (const auto& each : now.servers) {
        json::object one;
        one["name"] = text_of(plain_text(each.name, 128));
        one["paused"] = each.paused;
        one["cause"] = each.cause ? json::value(text_of(code_name(*each.cause))) : json::value();
        one["orders_remaining"] = each.orders_remaining;
        all.push_back(std::move(one));
    }
    return all;
}

json::object sites_of(const scheduler_counts& s) {
    json::object counts;
    counts["running"] = s.running;
    counts["ready"] = s.ready;
    counts["waiting"] = s.sleeping;
    return counts;
}

std::string_view state_of(const service_status& now) {
    if (now.stopping) return "stopping";
    return is_ready(now) ? "healthy" : "degraded";
}

} // namespace

answer status_answer(const service_status& now, std::string_view version) {
    json::object body;
    body["status"] = text_of(state_of(now));
    body["service"] = "hosting-automator";
    body["version"] = text_of(version);
    body["features"] = json::array{"cloudpanel", "lets_encrypt", "matomo", "process", "metrics"};
    body["sites"] = sites_of(now.sites);
    body["active_since_start"] = now.active;
    body["failed_since_start"] = now.failed;
    body["oldest_pending_age_seconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(now.oldest_pending).count();
    body["last_poll"] = time_of(now.last_poll);
    body["last_success"] = time_of(now.last_success);
    body["supabase"] = now.supabase_away ? "away" : "ok";
    body["servers"] = servers_of(now);
    return {200, json::serialize(body)};
}

answer alive_answer(const service_status& now) {
    if (now.late >= hangs_when_late) return {503, "the control loop hangs\n", std::string(plain)};
    return {200, "ok\n", std::string(plain)};
}

answer ready_answer(const service_status& now, bool verbose) {
    const bool ready = is_ready(now);
    if (ready && !verbose) return {200, "ok\n", std::string(plain)};
    std::string text;
    for (const auto& each : checks_of(now))
        text.append(each.passed ? "[+]" : "[-]")
            .append(each.name)
            .append(each.passed ? " ok\n" : " failed\n");
    text += ready ? "readyz check passed\n" : "readyz check failed\n";
    return {ready ? 200U : 503U, std::move(text), std::string(plain)};
}

} // namespace hosting::endpoint
