#include "adapters/shared_queue/json_rows.hpp"
#include "tests/unit/store/records.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>

using namespace hosting;
using namespace hosting::shared_queue;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

using limits = std::numeric_limits<std::int64_t>;

template<class Record>
Record through_json(const Record& what, clock_difference clocks = {}) {
    const auto text = json::serialize(to_json(what, clocks));
    return from_json<Record>(json::parse(text).as_object(), clocks);
}

} // namespace

BOOST_AUTO_TEST_SUITE(shared_queue_json_rows)

BOOST_AUTO_TEST_CASE(every_field_survives) {
    for (unsigned seed = 1; seed <= 50; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            random_records some(seed, random_records::texts::characters);
            const auto site = some.site("id");
            BOOST_TEST((through_json(site) == site));
            const auto facts = some.facts("place");
            BOOST_TEST((through_json(facts) == facts));
            const auto incident = some.incident("place");
            BOOST_TEST((through_json(incident) == incident));
        }
    }
}

BOOST_AUTO_TEST_CASE(clocks_that_differ_agree_on_the_moment) {
    const clock_difference ahead{1h}, behind{-2h};
    const auto record = random_records(3, random_records::texts::characters).site("id");
    const auto theirs = to_json(record, ahead);
    const auto seen = from_json<site_record>(theirs, behind);
    if (record.next_attempt != wall_time::max()) BOOST_TEST((seen.next_attempt == record.next_attempt + 3h));
    BOOST_TEST((from_json<site_record>(theirs, ahead) == record));
    BOOST_TEST(ahead.theirs(wall_time(5s)) == 3'605'000);
    BOOST_TEST((behind.ours(3'605'000) == wall_time(3605s + 2h)));
    BOOST_TEST((clock_difference::between(7'000, wall_time(5s)).ahead == 2s));
}

BOOST_AUTO_TEST_CASE(the_end_of_time_is_the_same_everywhere) {
    for (const auto ahead : {-1h, 0h, 1h}) {
        const clock_difference clocks{ahead};
        BOOST_TEST((clocks.ours(clocks.theirs(wall_time::max())) == wall_time::max()));
        BOOST_TEST((clocks.ours(limits::max()) == wall_time::max()));
    }
}

BOOST_AUTO_TEST_CASE(times_beyond_all_bounds_are_as_near_as_can_be) {
    for (const auto edge : {limits::min(), limits::min() + 1, limits::max() - 1, limits::max()}) {
        const auto clocks = clock_difference::between(edge, wall_time(1h));
        for (const auto time : {limits::min(), std::int64_t{-1}, std::int64_t{0}, limits::max()})
            BOOST_TEST((clocks.ours(time) <= wall_time::max()));
        for (const auto time : {wall_time::min(), wall_time(), wall_time::max()})
            BOOST_TEST((clocks.theirs(time) <= limits::max()));
    }
    BOOST_TEST((clock_difference::between(limits::max(), wall_time(1h)).ours(0) < wall_time()));
    BOOST_TEST((clock_difference::between(limits::min(), wall_time(1h)).ours(0) == wall_time::max()));
}

BOOST_AUTO_TEST_CASE(text_is_kept_to_the_letter_if_a_database_takes_it) {
    auto record = site_of("one");
    record.domain = " M\xC3\xBCnchen.example\r\n";
    BOOST_TEST((through_json(record) == record));
    record.progress.last = {errc::site_step, std::string("a\0\xFF", 3), std::nullopt};
    BOOST_TEST(through_json(record).progress.last.detail == "a??");
}

BOOST_AUTO_TEST_CASE(what_a_stranger_wrote_is_passed_over) {
    const auto odd = json::parse(R"({"site_id": 7, "domain": null, "next_attempt_ms": "x", "snoozes": -1,
        "site_attempts": 1e300, "certificate_attempts": 4294967296, "analytics_attempts": 3, "last_stage": "x",
        "last_failure": "x", "announced": "unheard", "outcome": "x", "waiting_since_ms": 1.5,
        "reply_lost": null, "document_root": [], "more": {}})")
                         .as_object();
    const auto record = from_json<site_record>(odd, {});
    BOOST_TEST(record.site_id.empty());
    BOOST_TEST(record.progress.snoozes == 0U);
    BOOST_TEST(record.progress.attempts[0] == 0U);
    BOOST_TEST(record.progress.attempts[1] == 0U);
    BOOST_TEST(record.progress.attempts[2] == 3U);
    BOOST_TEST((record.progress.at == stage::site));
    BOOST_TEST((record.progress.last.code == errc::internal));
    BOOST_TEST((record.progress.announced == errc::internal));
    BOOST_TEST(!record.progress.undelivered);
    BOOST_TEST(!record.progress.reply_lost);
}

BOOST_AUTO_TEST_CASE(nothing_at_all_is_an_empty_record) {
    BOOST_TEST((from_json<site_record>({}, {}) == site_record()));
    BOOST_TEST((from_json<server_facts>({}, {}) == server_facts()));
    BOOST_TEST((from_json<incident_record>({}, {}) == incident_record()));
}

BOOST_AUTO_TEST_SUITE_END()
