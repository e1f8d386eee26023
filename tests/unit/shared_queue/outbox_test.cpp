#include "adapters/shared_queue/outbox.hpp"
#include "tests/unit/store/records.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace hosting;
using namespace hosting::shared_queue;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

const json::object& only(const outbox::writes& all) {
    BOOST_TEST_REQUIRE(all.size() == 1U);
    return all.begin()->second;
}

} // namespace

BOOST_AUTO_TEST_SUITE(shared_queue_outbox)

BOOST_AUTO_TEST_CASE(a_site_is_written_as_the_database_wants_it) {
    outbox out;
    auto record = site_of("one", 3);
    record.next_attempt = wall_time(100s);
    record.progress.waiting_since = wall_time(50s);
    record.progress.announced = errc::cert_dns;
    out.keep(record, 7, clock_difference{1s});
    auto written = only(out.take());
    BOOST_TEST(written["record"].as_object().at("snoozes") == 3);
    written.erase("record");
    BOOST_TEST((written == json::object{{"what", "site"},
                                        {"site_id", "one"},
                                        {"token", 7},
                                        {"domain", "one.example"},
                                        {"server_id", "s1"},
                                        {"next_attempt", 101'000},
                                        {"waiting_since", 51'000},
                                        {"announced", "cert_dns"}}));
    BOOST_TEST(out.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_null) {
    outbox out;
    out.keep(site_of("one"), 7, {});
    const auto site = only(out.take());
    BOOST_TEST(site.at("waiting_since").is_null());
    BOOST_TEST(site.at("announced").is_null());
    out.end(order_of(9, order_end::issued), {});
    BOOST_TEST(
        (only(out.take()) ==
         json::object{{"what", "order_end"}, {"id", 9}, {"outcome", "issued"}, {"not_before", nullptr}}));
}

BOOST_AUTO_TEST_CASE(a_row_is_released_or_forgotten_by_its_token) {
    outbox out;
    out.give_back("one", 7);
    BOOST_TEST((only(out.take()) == json::object{{"what", "release"}, {"site_id", "one"}, {"token", 7}}));
    out.forget("one", 8);
    BOOST_TEST((only(out.take()) == json::object{{"what", "forget"}, {"site_id", "one"}, {"token", 8}}));
}

BOOST_AUTO_TEST_CASE(an_incident_names_its_servers_and_its_cause) {
    outbox out;
    auto incident = incident_of("place", 2);
    incident.server_ids = {"s1", ""};
    out.keep(incident, wall_time(100s), clock_difference{1s});
    const auto written = only(out.take());
    BOOST_TEST((written.at("server_ids") == json::array{"s1", ""}));
    BOOST_TEST(written.at("cause") == "ssh_unreachable");
    BOOST_TEST(written.at("noted") == 101'000);
    out.keep(incident, wall_time(100s), {});
    out.incident_is_over("place", wall_time(102s), clock_difference{1s});
    BOOST_TEST((only(out.take()) ==
                json::object{{"what", "incident_over"}, {"place", "place"}, {"noted", 103'000}}));
}

BOOST_AUTO_TEST_CASE(the_last_of_a_key_wins_and_kinds_have_keys_of_their_own) {
    outbox out;
    for (unsigned n = 1; n <= 3; ++n) {
        out.keep(site_of("x", n), n, {});
        out.keep(facts_of("x"), {});
        out.keep(incident_of("x", n), {}, {});
    }
    BOOST_TEST(out.has_site("x"));
    BOOST_TEST(!out.has_site("y"));
    const auto all = out.take();
    BOOST_TEST(all.size() == 3U);
    BOOST_TEST(as_array(all).size() == 3U);
    BOOST_TEST(all.at("site x").at("token") == 3);
    BOOST_TEST(all.at("incident x").at("record").at("probes") == 3);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_written_comes_back_under_what_came_since) {
    outbox out;
    out.keep(facts_of("a"), {});
    out.keep(incident_of("b", 1), {}, {});
    auto failed = out.take();
    out.keep(incident_of("b", 2), {}, {});
    out.put_under(std::move(failed));
    const auto all = out.take();
    BOOST_TEST(all.size() == 2U);
    BOOST_TEST(all.at("incident b").at("record").at("probes") == 2);
}

BOOST_AUTO_TEST_CASE(many_writes_go_by_several_calls) {
    outbox out;
    for (int i = 0; i < 1'200; ++i)
        out.give_back(std::to_string(i), 1);
    std::set<std::string> seen;
    int calls = 0;
    for (; !out.empty(); ++calls) {
        const auto some = out.take();
        BOOST_TEST(some.size() <= 500U);
        for (const auto& [key, write] : some)
            BOOST_TEST(seen.insert(key).second);
    }
    BOOST_TEST(calls == 3);
    BOOST_TEST(seen.size() == 1'200U);
}

BOOST_AUTO_TEST_SUITE_END()
