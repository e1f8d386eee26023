#include "adapters/supabase/answers.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace std::chrono_literals;
using namespace hosting::supabase;

namespace {

http::response answer(unsigned status, std::string body, std::string type = "application/json") {
    http::response out;
    out.status = status;
    out.content_type = std::move(type);
    out.body = std::move(body);
    return out;
}

failure explained(const http::response& what, bool writing) {
    asked context;
    context.table = "sites";
    context.writing = writing;
    return explain(what, context, wall_time());
}

struct row {
    const char* what;
    unsigned status;
    const char* body;
    errc code;
    const char* says;
    const char* type = "application/json";
};

// As PostgREST 12.0.2, 14.5 and 16.2 and the gateways before them answer.
const row rows[] = {
    {"expired, 12", 401, R"({"code":"PGRST301","details":null,"hint":null,"message":"JWT expired"})",
     errc::supabase_refused, "does not accept the service key: JWT expired"},
    {"expired, 16", 401, R"({"code":"PGRST303","details":null,"hint":null,"message":"JWT expired"})",
     errc::supabase_refused, "JWT expired"},
    {"issued in the future, 12", 401, R"({"code":"PGRST301","message":"JWTIssuedAtFuture"})",
     errc::supabase_unreachable, "passes"},
    {"issued in the future, 16", 401, R"({"code":"PGRST303","message":"JWT issued at future"})",
     errc::supabase_unreachable, "passes"},
    {"not yet valid, 12", 401, R"({"code":"PGRST301","message":"JWTNotYetValid"})",
     errc::supabase_unreachable, "passes"},
    {"not yet valid, 16", 401, R"({"code":"PGRST303","message":"JWT not yet valid"})",
     errc::supabase_unreachable, "passes"},
    {"bad signature, 12", 401, R"({"code":"PGRST301","message":"JWSError JWSInvalidSignature"})",
     errc::supabase_refused, "service key"},
    {"bad signature, 16", 401,
     R"({"code":"PGRST301","details":"None of the keys was able to decode the JWT","message":"No suitable key or wrong key type"})",
     errc::supabase_refused, "wrong key type"},
    {"sb_ key as bearer", 401, R"({"code":"PGRST301","message":"Expected 3 parts in JWT; got 1"})",
     errc::supabase_refused, "service key"},
    {"hosted: invalid key", 401, R"({"message":"Invalid API key","hint":"Double check your key."})",
     errc::supabase_refused, "Invalid API key"},
    {"hosted: no key", 401, R"({"message":"No API key found in request"})", errc::supabase_refused,
     "No API key"},
    {"hosted: legacy keys off", 401, R"({"message":"Legacy API keys are disabled"})", errc::supabase_refused,
     "Legacy"},
    {"hosted: a secret key from a browser", 401,
     R"({"message":"Forbidden use of secret API key in browser","hint":"Delete this secret API key."})",
     errc::supabase_refused, "Forbidden use"},
    {"401 without a body", 401, "", errc::supabase_refused, "service key", ""},
    {"unknown role, 12", 400, R"({"code":"22023","message":"role \"nobody_here\" does not exist"})",
     errc::supabase_refused, "role"},
    {"unknown role, 16", 401, R"({"code":"22023","message":"role \"nobody_here\" does not exist"})",
     errc::supabase_refused, "role"},
    {"no rights", 403, R"({"code":"42501","message":"permission denied for table sites"})",
     errc::supabase_refused, "no rights there: permission denied for table sites"},
    {"no rights, anonymous", 401, R"({"code":"42501","message":"permission denied for table sites"})",
     errc::supabase_refused, "no rights"},
    {"403 of a gateway", 403, "<html>", errc::supabase_refused, "gateway forbids", "text/html"},
    {"quota", 402, R"({"message":"exceed_egress_quota"})", errc::supabase_refused, "quota"},
    {"paused", 540, "", errc::supabase_refused, "paused", "text/plain"},
    {"missing table, 12", 404, R"({"code":"42P01","message":"relation \"public.sites\" does not exist"})",
     errc::supabase_schema, "the table is missing"},
    {"missing table, 16", 404,
     R"({"code":"PGRST205","message":"Could not find the table 'public.sites' in the schema cache"})",
     errc::supabase_schema, "the table is missing"},
    {"missing column", 400, R"({"code":"42703","message":"column sites.domain does not exist"})",
     errc::supabase_schema, "column sites.domain does not exist"},
    {"missing column in a body, 12", 400,
     R"({"code":"PGRST204","details":null,"hint":null,"message":"Column 'error_message' of relation 'sites' does not exist"})",
     errc::supabase_schema, "error_message"},
    {"missing column in a body", 400,
     R"({"code":"PGRST204","message":"Could not find the 'error_message' column of 'sites' in the schema cache"})",
     errc::supabase_schema, "error_message"},
    {"missing function", 404, R"({"code":"PGRST202","message":"Could not find the function"})",
     errc::supabase_schema, "lacks"},
    {"wrong schema", 406,
     R"({"code":"PGRST106","message":"The schema must be one of the following: public"})",
     errc::supabase_schema, "lacks"},
    {"wrong path", 404, "{}", errc::supabase_unexpected, "is supabase.url right?"},
    {"wrong host", 404, "<html>", errc::supabase_unexpected, "is supabase.url right?", "text/html"},
    {"gateway without a route", 404, R"({"message":"no Route matched with those values"})",
     errc::supabase_unexpected, "is supabase.url right?"},
    {"URL too long", 400, "Bad Request", errc::supabase_unexpected, "400", "text/plain"},
    {"URL too long, by a proxy", 414, "<html>", errc::supabase_unexpected, "414", "text/html"},
    {"headers too long", 431, "", errc::supabase_unexpected, "431", ""},
    {"wrong path, 14", 404, R"({"code":"PGRST125","message":"Invalid path specified in request URL"})",
     errc::supabase_unexpected, "not understood"},
    {"no single row", 406,
     R"({"code":"PGRST116","message":"JSON object requested, multiple (or no) rows returned"})",
     errc::supabase_unexpected, "not understood"},
    {"beyond the end", 416, R"({"code":"PGRST103","message":"Requested range not satisfiable"})",
     errc::supabase_unexpected, "not understood"},
    {"max-affected, 12.0", 400,
     R"({"code":"PGRST122","message":"Invalid preferences given with handling=strict"})",
     errc::supabase_unexpected, "not understood"},
    {"no filter", 400, R"({"code":"21000","message":"UPDATE requires a WHERE clause"})",
     errc::supabase_unexpected, "not understood"},
    {"a raised status", 418, R"({"code":"X418","details":"SECRET","message":"teapot"})",
     errc::supabase_unexpected, "418"},
    {"bad filter", 400, R"({"code":"PGRST100","message":"failed to parse filter"})",
     errc::supabase_unexpected, "not understood"},
    {"read-only database", 405,
     R"({"code":"25006","message":"cannot execute UPDATE in a read-only transaction"})",
     errc::supabase_refused, "read-only"},
    {"redirect", 301, "", errc::supabase_unexpected, "is redirected to", "text/html"},
    {"200 HTML", 200, "<html>", errc::supabase_unexpected, "not JSON", "text/html"},
    {"429", 429, R"({"code":"X429","message":"slow down"})", errc::supabase_unreachable, "slow down"},
    {"statement timeout", 500, R"({"code":"57014","message":"canceling statement due to statement timeout"})",
     errc::supabase_unreachable, "too slow or busy"},
    {"deadlock", 500, R"({"code":"40P01","message":"m"})", errc::supabase_unreachable, "busy"},
    {"serialisation", 500, R"({"code":"40001","message":"m"})", errc::supabase_unreachable, "busy"},
    {"lock not available", 500, R"({"code":"55P03","message":"m"})", errc::supabase_unreachable, "busy"},
    {"unknown error", 500, R"({"code":"XX000","message":"m"})", errc::supabase_unreachable, "not available"},
    {"database down", 503, R"({"code":"PGRST000","message":"Database connection error."})",
     errc::supabase_unreachable, "the database is not available"},
    {"connection lost", 503, R"({"code":"PGRST001","message":"Database client error."})",
     errc::supabase_unreachable, "not available"},
    {"no schema cache", 503, R"({"code":"PGRST002","message":"Could not query the database"})",
     errc::supabase_unreachable, "not available"},
    {"pool exhausted", 504, R"({"code":"PGRST003","message":"Timed out acquiring connection"})",
     errc::supabase_unreachable, "busy"},
    {"too many connections", 503, R"({"code":"53300","message":"m"})", errc::supabase_unreachable,
     "not available"},
    {"a limit of the configuration", 500, R"({"code":"53400","message":"m"})", errc::supabase_unreachable,
     "not available"},
    {"the database's connection broke", 503, R"({"code":"08006","message":"m"})", errc::supabase_unreachable,
     "not available"},
    {"shutting down", 503, R"({"code":"57P01","message":"m"})", errc::supabase_unreachable, "not available"},
    {"nginx", 502, "<html>", errc::supabase_unreachable, "502", "text/html"},
    {"a slow gateway", 504, "<html>", errc::supabase_unreachable, "too slow", "text/html"},
    {"429 of a gateway", 429, "<html>", errc::supabase_unreachable, "slow down", "text/html"},
    {"envoy", 503, "upstream connect error or disconnect/reset before headers", errc::supabase_unreachable,
     "503", "text/plain"},
    {"cloudflare 520", 520, "<html>", errc::supabase_unreachable, "520", "text/html"},
    {"cloudflare 521", 521, "error code: 521", errc::supabase_unreachable, "521", "text/plain"},
    {"cloudflare 522", 522, "<html>", errc::supabase_unreachable, "522", "text/html"},
    {"cloudflare 523", 523, "error code: 523", errc::supabase_unreachable, "523", "text/plain"},
    {"cloudflare 524", 524, "<html>", errc::supabase_unreachable, "524", "text/html"},
    {"gateway timeout", 544, "", errc::supabase_unreachable, "544", "text/plain"},
};

// What only a write can meet.
const row refusals_of_values[] = {
    {"not null", 400,
     R"({"code":"23502","details":"Failing row contains (1, SECRET).","message":"null value in column \"status_dns\" of relation \"sites\" violates not-null constraint"})",
     errc::row_rejected, "violates not-null constraint"},
    {"check", 400,
     R"({"code":"23514","details":"Failing row contains (1, SECRET).","message":"new row for relation \"sites\" violates check constraint \"c\""})",
     errc::row_rejected, "violates check constraint"},
    {"unique", 409,
     R"({"code":"23505","details":"Key (domain)=(SECRET) already exists.","message":"duplicate key"})",
     errc::row_rejected, "duplicate key"},
    {"foreign key", 409,
     R"({"code":"23503","details":"Key SECRET is not present.","message":"violates foreign key"})",
     errc::row_rejected, "violates foreign key"},
    {"wrong type", 400, R"({"code":"22P02","message":"invalid input syntax for type integer: \"SECRET\""})",
     errc::row_rejected, "does not accept the values"},
    {"NUL", 400, R"({"code":"22P05","details":"SECRET","message":"unsupported Unicode escape sequence"})",
     errc::row_rejected, "does not accept the values"},
    {"no JSON", 400, R"({"code":"PGRST102","message":"Empty or invalid json"})", errc::row_rejected,
     "does not accept the values"},
    {"no UTF-8", 400, R"({"code":"PGRST102","message":"Error in $: Cannot decode byte '\\xff'"})",
     errc::row_rejected, "does not accept the values"},
    {"no time", 400, R"({"code":"22007","message":"invalid input syntax for type timestamp: \"SECRET\""})",
     errc::row_rejected, "does not accept the values"},
    {"a trigger", 400, R"({"code":"P0001","details":"SECRET","hint":"SECRET","message":"SECRET"})",
     errc::row_rejected, "does not accept the values"},
};

void check(const row& each, bool writing) {
    auto got = explained(answer(each.status, each.body, each.type), writing);
    BOOST_TEST_CONTEXT(each.what << ": " << got.detail) {
        BOOST_TEST((got.code == each.code));
        BOOST_TEST(got.detail.find(each.says) != got.detail.npos);
        BOOST_TEST(got.detail.find("SECRET") == got.detail.npos);
        BOOST_TEST(
            got.detail.starts_with(writing ? "writing to the table sites" : "reading the table sites"));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(supabase_answers)

BOOST_AUTO_TEST_CASE(every_known_answer_has_its_cause_and_sentence) {
    for (const row& each : rows) {
        check(each, false);
        check(each, true);
    }
}

BOOST_AUTO_TEST_CASE(refused_values_are_the_rows_fault_and_never_quoted) {
    for (const row& each : refusals_of_values)
        check(each, true);
    auto on_read = explained(answer(400, refusals_of_values[4].body), false);
    BOOST_TEST((on_read.code == errc::supabase_unexpected));
}

BOOST_AUTO_TEST_CASE(a_redirect_is_named_without_its_query) {
    auto moved = answer(301, "", "text/html");
    moved.location = "https://elsewhere.example/rest/v1/sites?domain=eq.private";
    auto got = explained(moved, false);
    BOOST_TEST(got.detail.find("redirected to https://elsewhere.example/rest/v1/sites;") != got.detail.npos);
}

BOOST_AUTO_TEST_CASE(only_2xx_json_is_success) {
    BOOST_TEST(is_success(answer(200, "[]")));
    BOOST_TEST(is_success(answer(206, "[]")));
    BOOST_TEST(is_success(answer(200, "{}", "application/vnd.pgrst.object+json")));
    BOOST_TEST(!is_success(answer(204, "", "")));
    BOOST_TEST(!is_success(answer(200, "[]", "text/html")));
    BOOST_TEST(!is_success(answer(404, "{}")));
}

BOOST_AUTO_TEST_CASE(a_missing_column_is_recognised_by_its_whole_name) {
    auto in_select = answer(400, R"({"code":"42703","message":"column sites.server_id does not exist"})");
    BOOST_TEST(is_missing_column(in_select, "server_id"));
    BOOST_TEST(!is_missing_column(in_select, "server"));
    BOOST_TEST(!is_missing_column(in_select, "id"));
    BOOST_TEST(is_missing_column(
        answer(
            400,
            R"({"code":"PGRST204","message":"Could not find the 'name' column of 'servers' in the cache"})"),
        "name"));
    BOOST_TEST(is_missing_column(
        answer(400, R"({"code":"PGRST204","message":"Column 'name' of relation 'servers' does not exist"})"),
        "name"));
    BOOST_TEST(!is_missing_column(answer(400, R"({"code":"23502","message":"column name"})"), "name"));
}

BOOST_AUTO_TEST_CASE(what_may_have_been_done_is_told_from_what_was_not) {
    BOOST_TEST(!may_have_been_done(answer(200, "[]")));
    BOOST_TEST(!may_have_been_done(answer(400, R"({"code":"23502"})")));
    BOOST_TEST(!may_have_been_done(answer(401, "{}")));
    BOOST_TEST(!may_have_been_done(answer(503, R"({"code":"PGRST000"})")));
    BOOST_TEST(!may_have_been_done(answer(504, R"({"code":"PGRST003"})")));
    BOOST_TEST(may_have_been_done(answer(503, R"({"code":"PGRST001"})")));
    BOOST_TEST(may_have_been_done(answer(504, "<html>", "text/html")));
    BOOST_TEST(may_have_been_done(answer(524, "", "text/html")));
    BOOST_TEST(may_have_been_done(answer(200, "<html>", "text/html")));
    BOOST_TEST(may_have_been_done(answer(204, "", "")));
}

BOOST_AUTO_TEST_CASE(a_missing_table_is_told_from_a_missing_row) {
    BOOST_TEST(is_missing_table(answer(404, R"({"code":"42P01","message":"m"})")));
    BOOST_TEST(is_missing_table(answer(404, R"({"code":"PGRST205","message":"m"})")));
    BOOST_TEST(!is_missing_table(answer(404, "{}")));
    BOOST_TEST(!is_missing_table(answer(200, "[]"))); // also what a key without rights sees
    BOOST_TEST(is_success(answer(200, "[]")));
    BOOST_TEST(is_malformed_value(answer(400, R"({"code":"22P02","message":"m"})")));
    BOOST_TEST(!is_malformed_value(answer(400, R"({"code":"22P05","message":"m"})")));
}

BOOST_AUTO_TEST_CASE(a_retry_after_is_kept_within_bounds) {
    const wall_time now = std::chrono::sys_days(std::chrono::year(2026) / 10 / 21) + 7h + 28min;
    asked context;
    context.table = "sites";
    auto waits = [&](const std::string& retry_after, unsigned status = 503) {
        auto busy = answer(status, R"({"code":"PGRST002","message":"m"})");
        busy.retry_after = retry_after;
        auto until = explain(busy, context, now).not_before;
        return until ? std::optional(*until - now) : std::nullopt;
    };
    BOOST_TEST((waits("0").value() == 0s));
    BOOST_TEST((waits("7").value() == 7s));
    BOOST_TEST((waits("7", 429).value() == 7s));
    BOOST_TEST((waits("-7").value() == 0s));
    for (const char* long_time : {"301", "86400", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT",
                                  "Wed, 21 Oct 2026 08:28:00 GMT"})
        BOOST_TEST((waits(long_time).value() == 5min), long_time);
    BOOST_TEST((waits("Wed, 21 Oct 2026 07:28:30 GMT").value() == 30s));
    BOOST_TEST((waits("Sun, 06 Nov 1994 08:49:37 GMT").value() == 0s));
    for (const char* nonsense : {"", "soon", "7s", "1.5", "2026-10-21"})
        BOOST_TEST(!waits(nonsense), nonsense);
    BOOST_TEST(!waits("7", 401)); // no wait helps
    BOOST_TEST(!explain(answer(503, "{}"), context, now).not_before);
}

BOOST_AUTO_TEST_CASE(no_connection_is_unreachable) {
    http::transport_failure why;
    why.detail = "db.example port 443: Connection refused";
    auto got = explain(why);
    BOOST_TEST((got.code == errc::supabase_unreachable));
    BOOST_TEST(got.detail == "Supabase cannot be reached: db.example port 443: Connection refused");
    why.what = http::transport_failure::kind::outcome_unknown;
    why.detail = "no answer from db.example within 15 s"; // as of a frozen database
    BOOST_TEST((explain(why).code == errc::supabase_unreachable));
}

BOOST_AUTO_TEST_SUITE_END()
