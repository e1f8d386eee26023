#include "adapters/shared_queue/answers.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::shared_queue;
using namespace std::chrono_literals;

namespace {

json::object object(std::string_view text) { return json::parse(text).as_object(); }

// As conf/shared-queue.sql answers.
constexpr std::string_view claim_text = R"({
    "now": 1767225600000, "full": true, "more": false, "seen": 12, "held": {"s-1": 41, "s-2": 42, "s-9": 7},
    "rows": [
        {"id": "s-1", "domain": "a.example", "server_id": "w-1", "created_at": 1767220000000, "token": 41,
         "probe": true, "record": {"site_id": "stale", "domain": "stale", "snoozes": 3,
         "waiting_since_ms": 1767225000000}, "next_attempt": 1767225500000, "waiting_since": 1767225000000},
        {"id": "s-2", "domain": null, "server_id": null, "created_at": null, "token": 42, "probe": false,
         "record": null, "next_attempt": null, "waiting_since": 1767225100000},
        {"id": "s-3", "domain": "c.example", "server_id": null, "created_at": null, "token": 43, "probe": false,
         "record": null, "next_attempt": null, "waiting_since": null}],
    "incidents": [{"place": "root@192.0.2.1:22", "record": {"failure": "ssh_unreachable", "detail": "no route",
        "probes": 2, "since_ms": 1, "next_probe_ms": 2}, "since": 1767225000000, "next_probe": 1767225900000}],
    "servers": [{"place": "root@192.0.2.2:22", "facts": {"worked_key": "k", "panel_worked": true}}],
    "orders": [{"id": 8589934593, "place": "root@192.0.2.2:22", "registered": "a.example",
        "domain": "www.a.example", "at": 1767225000000, "outcome": "rate_limited",
        "not_before": 1767226000000, "record": null}, {"id": 8589934594, "place": "p", "registered": "b.example",
        "domain": "b.example", "at": 1767225000000, "outcome": null, "not_before": null, "record": null}]})";

// The answer with one member taken away, or replaced.
json::object with(std::string_view text, std::string_view name, json::value value = nullptr) {
    auto out = object(text);
    out[name] = std::move(value);
    return out;
}

template<class T>
std::string odd(const result<T>& got) {
    BOOST_TEST_REQUIRE(!got.has_value());
    BOOST_TEST((got.error().code == errc::supabase_unexpected));
    return got.error().detail;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shared_queue_answers)

BOOST_AUTO_TEST_CASE(a_body_is_an_object_or_odd) {
    BOOST_TEST(read_object("{}", "claim").has_value());
    for (const char* body : {"", "[]", "null", "{", "<html>"})
        BOOST_TEST(odd(read_object(body, "claim")).find("claim gave no JSON object") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_clocks_are_compared) {
    BOOST_TEST((clocks_of(object(R"({"now": 5000})"), wall_time(3s))->ahead == 2s));
    BOOST_TEST(!clocks_of(object(R"({"now": "x"})"), wall_time(3s)).has_value());
}

BOOST_AUTO_TEST_CASE(an_entrance_has_a_queue_and_a_number) {
    const auto entered = read_entrance(object(R"({"queue": "q", "version": 1, "now": 1, "number": 3})"));
    BOOST_TEST_REQUIRE(entered.has_value());
    BOOST_TEST(entered->queue == "q");
    BOOST_TEST(entered->number == 3U);
    odd(read_entrance(object(R"({"queue": "q", "number": -3})")));
}

BOOST_AUTO_TEST_CASE(a_claims_rows_and_their_records) {
    const auto claim = read_claim(object(claim_text), clock_difference{1s});
    BOOST_TEST_REQUIRE(claim.has_value(), claim.error().detail);
    BOOST_TEST(claim->full);
    BOOST_TEST((claim->held == tokens{{"s-1", 41}, {"s-2", 42}, {"s-9", 7}}));
    BOOST_TEST_REQUIRE(claim->rows.size() == 3U);
    const auto& first = claim->rows[0];
    BOOST_TEST(first.row.id == "s-1");
    BOOST_TEST(first.row.server_id == "w-1");
    BOOST_TEST(first.token == 41U);
    BOOST_TEST(first.probe);
    BOOST_TEST_REQUIRE(first.record.has_value());
    BOOST_TEST(first.record->site_id == "s-1"); // as the row has it
    BOOST_TEST(first.record->domain == "a.example");
    BOOST_TEST(first.record->progress.snoozes == 3U);
    BOOST_TEST((first.record->progress.waiting_since == wall_time(1767224999s)));
}

BOOST_AUTO_TEST_CASE(a_row_without_a_record_may_still_have_waited) {
    const auto claim = read_claim(object(claim_text), {});
    BOOST_TEST_REQUIRE(claim.has_value());
    BOOST_TEST(claim->rows[1].row.domain.empty());
    BOOST_TEST_REQUIRE(claim->rows[1].record.has_value());
    BOOST_TEST((claim->rows[1].record->progress.waiting_since == wall_time(1767225100s)));
    BOOST_TEST(!claim->rows[2].record.has_value());
}

BOOST_AUTO_TEST_CASE(an_incidents_times_are_those_that_the_database_counts_by) {
    const auto claim = read_claim(object(claim_text), {});
    BOOST_TEST_REQUIRE(claim->incidents.size() == 1U);
    const auto& incident = claim->incidents[0];
    BOOST_TEST(incident.place == "root@192.0.2.1:22");
    BOOST_TEST((incident.why == failure{errc::ssh_unreachable, "no route"}));
    BOOST_TEST(incident.probes == 2U);
    BOOST_TEST((incident.since == wall_time(1767225000s)));
    BOOST_TEST((incident.next_probe == wall_time(1767225900s)));
}

BOOST_AUTO_TEST_CASE(news_are_orders_and_servers) {
    const auto news = read_news(object(claim_text), {});
    BOOST_TEST_REQUIRE(news.has_value(), news.error().detail);
    BOOST_TEST(news->seen == 12);
    BOOST_TEST(!news->more);
    BOOST_TEST_REQUIRE(news->orders.size() == 2U);
    const order_record ended{8589934593,
                             "root@192.0.2.2:22",
                             "www.a.example",
                             wall_time(1767225000s),
                             order_end::rate_limited,
                             wall_time(1767226000s)};
    BOOST_TEST((news->orders[0] == ended));
    BOOST_TEST((news->orders[1].end == order_end::unknown));
    BOOST_TEST(!news->orders[1].not_before.has_value());
    BOOST_TEST_REQUIRE(news->servers.size() == 1U);
    BOOST_TEST((news->servers[0] == server_facts{"root@192.0.2.2:22", "k", true, std::nullopt}));
}

BOOST_AUTO_TEST_CASE(an_odd_answer_names_what_is_odd) {
    for (const char* name : {"held", "rows", "incidents", "full"})
        BOOST_TEST(odd(read_claim(with(claim_text, name), {})).find(name) != std::string::npos);
    for (const char* name : {"orders", "servers", "seen", "more"})
        BOOST_TEST(odd(read_news(with(claim_text, name), {})).find(name) != std::string::npos);
    const auto in_row = with(claim_text, "rows", json::array{json::object{{"id", "x"}, {"token", "CANARY"}}});
    BOOST_TEST(odd(read_claim(in_row, {})).find("rows.token") != std::string::npos);
    BOOST_TEST(odd(read_claim(in_row, {})).find("CANARY") == std::string::npos);
    odd(read_claim(with(claim_text, "held", json::object{{"x", -1}}), {}));
    odd(read_claim(
        with(claim_text, "rows", json::array{json::object{{"id", ""}, {"token", 1}, {"probe", true}}}), {}));
    odd(read_held(object(R"({"held": []})")));
    odd(read_kept(object(R"({"kept": 1})")));
}

BOOST_AUTO_TEST_CASE(the_results_of_finish) {
    const auto read = [](const char* text) { return read_finish({{"result", text}}); };
    BOOST_TEST((read("written").value() == finish_result::written));
    BOOST_TEST((read("row_changed").value() == finish_result::row_changed));
    BOOST_TEST((read("lease_lost").value() == finish_result::lease_lost));
    odd(read("done"));
    odd(read_finish({}));
}

BOOST_AUTO_TEST_CASE(who_works_on_what) {
    constexpr std::string_view text = R"({"queue": "q", "version": 1, "now": 9, "leases": [],
        "workers": [{"worker": "w", "host": "h", "started": 1, "seen": 2, "held": 3}],
        "site": {"site_id": "s", "domain": "a.example", "server_id": null, "record": {"snoozes": 4},
                 "next_attempt": 7000, "waiting_since": null, "announced": null, "worker": "w", "token": 5},
        "incidents": [{"place": "p", "record": {"failure": "ssh_unreachable"}, "since": 3000, "next_probe": 4000}],
        "servers": [{"place": "p", "facts": {}}],
        "orders": [{"id": 8, "place": "p", "registered": "a.example", "domain": "a.example", "at": 6000,
                    "outcome": null, "not_before": null, "record": null}]})";
    const auto work = read_work(object(text));
    BOOST_TEST_REQUIRE(work.has_value());
    BOOST_TEST(work->version == 1);
    BOOST_TEST_REQUIRE(work->workers.size() == 1U);
    BOOST_TEST(work->workers[0].held == 3U);
    const auto job = read_job(object(text), clock_difference{2s});
    BOOST_TEST_REQUIRE((job.has_value() && job->record.has_value()));
    BOOST_TEST(job->record->domain == "a.example");
    BOOST_TEST(job->record->progress.snoozes == 4U);
    BOOST_TEST((job->record->next_attempt == wall_time(5s)));
    BOOST_TEST(job->worker == "w");
    BOOST_TEST(job->host == "h");
    const auto none = read_job(with(text, "site"), clock_difference{2s});
    BOOST_TEST_REQUIRE((none.has_value() && !none->record.has_value()));
    BOOST_TEST((none->incidents.size() == 1U && none->incidents[0].since == wall_time(1s)));
    BOOST_TEST((none->servers.size() == 1U && none->servers[0].place == "p"));
    BOOST_TEST((none->orders.size() == 1U && none->orders[0].at == wall_time(4s)));
    odd(read_work(with(text, "workers", json::array{1})));
    odd(read_job(with(text, "site", json::object{{"site_id", "s"}}), {}));
    for (const char* name : {"incidents", "servers", "orders"})
        odd(read_job(with(text, name), {}));
}

BOOST_AUTO_TEST_SUITE_END()
