// The body of an answer of the shared queue's functions, read as that of each of them. CANARY stands for what
// no message may hold.
#include "adapters/shared_queue/answers.hpp"
#include "tests/fuzz/target.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

namespace hosting::fuzz {
namespace {

using namespace hosting::shared_queue;

constexpr std::string_view canary = "CANARY";

template<class T>
bool read_well(const result<T>& got) {
    if (got) return true;
    must(got.error().code == errc::supabase_unexpected, "an answer that cannot be read has one cause");
    must(is_plain(got.error().detail, 250), "the sentence is plain and short", got.error().detail);
    must(!contains(got.error().detail, canary), "the sentence holds nothing of the answer",
         got.error().detail);
    return false;
}

template<class Record>
Record written_and_read(const Record& what) {
    const auto text = json::serialize(to_json(what, {}));
    return from_json<Record>(json::parse(text).as_object(), {});
}

// What is kept is what is read back: by the second time at the latest, when it is all text.
template<class Record>
void must_survive(const Record& what) {
    const auto once = written_and_read(what);
    must(written_and_read(once) == once, "a record survives being written");
}

void check_claim(const json::object& answer, clock_difference clocks) {
    const auto claim = read_claim(answer, clocks);
    if (!read_well(claim)) return;
    for (const auto& each : claim->rows) {
        must(!each.row.id.empty(), "a row has an id");
        if (!each.record) continue;
        must(each.record->site_id == each.row.id && each.record->domain == each.row.domain &&
                 each.record->server_id == each.row.server_id,
             "a record is its row's");
        must_survive(*each.record);
    }
    for (const auto& each : claim->incidents)
        must_survive(each);
}

void check_news(const json::object& answer, clock_difference clocks) {
    const auto told = read_news(answer, clocks);
    if (!read_well(told)) return;
    for (const auto& each : told->servers)
        must_survive(each);
}

void check_work(const json::object& answer, clock_difference clocks) {
    const bool work = read_well(read_work(answer));
    const auto job = read_job(answer, clocks);
    if (!read_well(job)) return;
    must(work, "who holds a row is known");
    if (job->record) must_survive(*job->record);
    for (const auto& each : job->incidents)
        must_survive(each);
    for (const auto& each : job->servers)
        must_survive(each);
}

} // namespace

void check(std::string_view input) {
    const auto answer = read_object(input, "claim");
    if (!read_well(answer)) return;
    const wall_time ours(std::chrono::hours(500'000));
    const auto clocks = clocks_of(*answer, ours);
    read_well(clocks);
    for (const auto& differ : {clocks ? *clocks : clock_difference(), clock_difference()}) {
        check_claim(*answer, differ);
        check_news(*answer, differ);
        check_work(*answer, differ);
    }
    read_well(read_entrance(*answer));
    read_well(read_held(*answer));
    read_well(read_kept(*answer));
    read_well(read_finish(*answer));
}

} // namespace hosting::fuzz
