// An answer of PostgREST, or of a gateway before it, that is not the one hoped for.
#include "adapters/supabase/answers.hpp"
#include "adapters/supabase/schema.hpp"
#include "core/message_text.hpp"
#include "tests/fuzz/target.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace hosting::fuzz {
namespace {

namespace json = boost::json;
using namespace hosting::supabase;

constexpr wall_time now{std::chrono::seconds(1'800'000'000)};

// `details` may be a whole row, and a hint quotes one: the sentence must be the same without them.
void check_nothing_of_details(const http::response& answer, asked what) {
    boost::system::error_code ec;
    json::value body = json::parse(answer.body, ec);
    if (ec || !body.is_object()) return;
    body.get_object().erase("details");
    body.get_object().erase("hint");
    http::response bare = answer;
    bare.body = json::serialize(body);
    must(explain(bare, what, now) == explain(answer, what, now), "details and hints are in no message");
}

void check_explained(const http::response& answer, asked what) {
    const auto why = explain(answer, what, now);
    must(is_plain(why.detail, 420), "the sentence is plain and bounded", why.detail);
    must(is_plain(error_message(why), 500), "the message fits the row", why.detail);
    must(contains(why.detail, what.table), "the sentence names the table", why.detail);
    switch (why.code) {
    case errc::row_rejected: must(what.writing, "only what is written can be rejected"); break;
    case errc::supabase_unreachable:
    case errc::supabase_refused:
    case errc::supabase_schema:
    case errc::supabase_unexpected: break;
    default: must(false, "the cause is one of Supabase's");
    }
    if (why.not_before)
        must(why.code == errc::supabase_unreachable && *why.not_before >= now &&
                 *why.not_before <= now + std::chrono::minutes(5),
             "an answer asks for five minutes at most");
    if (answer.status >= 500 && answer.status != 540)
        must(why.code == errc::supabase_unreachable, "what is wrong inside passes by itself");
    if (answer.status == 401 || answer.status == 403)
        must(why.code == errc::supabase_refused || why.code == errc::supabase_unreachable,
             "a refusal stays one");
    check_nothing_of_details(answer, what);
}

// Whoever learns that a column is missing asks again without it: that must come to an end.
void check_learning(const http::response& answer) {
    constexpr int optional_columns = 6;
    const schema_memory::time_point start{};
    schema_memory memory;
    int learned = 0;
    for (const auto* table : {"sites", "servers", "infrastructure_credentials"})
        while (memory.learn(table, answer, memory.known(start), start))
            must(++learned <= optional_columns, "a column is learned to be missing once");
}

} // namespace

void check(std::string_view input) {
    const auto answer = response_of(input);
    must(!is_success(answer) || !may_have_been_done(answer), "a success is no doubt");
    must(!is_success(answer) || (answer.status >= 200 && answer.status < 300), "a success is 2xx");
    must(!is_malformed_value(answer) || !is_missing_table(answer), "an answer has one code");
    check_explained(answer, {"sites", true});
    check_explained(answer, {"servers", false});
    check_learning(answer);
}

} // namespace hosting::fuzz
