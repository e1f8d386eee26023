#include "adapters/supabase/answers.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <chrono>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace hosting::supabase {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr std::size_t longest_quote = 160;         // characters of remote text in a sentence
constexpr std::chrono::seconds longest_pause{300}; // that a Retry-After may ask for

struct error_body {
    std::string code;
    std::string message;
};

bool is_json(const http::response& answer) {
    return answer.content_type == "application/json" || answer.content_type.ends_with("+json");
}

error_body read_error(const http::response& answer) {
    error_body out;
    boost::system::error_code ec;
    json::value body = json::parse(answer.body, ec);
    if (ec || !body.is_object()) return out;
    auto text = [&](std::string_view name) {
        const json::value* found = body.get_object().if_contains(name);
        return found && found->is_string() ? std::string(found->get_string()) : std::string();
    };
    out.code = text("code");
    out.message = text("message");
    return out;
}

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

bool has_class(const error_body& error, std::string_view sqlstate_class) {
    return error.code.size() == 5 && error.code.starts_with(sqlstate_class);
}

// A valid key can be refused for seconds while the clocks of two of Supabase's machines differ.
bool is_not_valid_yet(const error_body& error) {
    std::string said = lowered(error.message);
    return (error.code == "PGRST303" || error.code == "PGRST301") &&
           (said.find("future") != said.npos || said.find("notyetvalid") != said.npos ||
            said.find("not yet valid") != said.npos);
}

std::string quoted(const std::string& remote) {
    return remote.empty() ? std::string() : ": " + plain_text(remote, longest_quote);
}

// "reading the table sites failed (503 PGRST001)"
std::string head(const http::response& answer, const error_body& error, asked what) {
    std::string out = what.calling   ? "calling the function "
                      : what.writing ? "writing to the table "
                                     : "reading the table ";
    out += std::string(what.table) + " failed (" + std::to_string(answer.status);
    if (!error.code.empty()) out += ' ' + plain_text(error.code, 20);
    return out + ')';
}

failure refused(std::string sentence) { return {errc::supabase_refused, std::move(sentence)}; }

failure explain_unauthorised(const http::response& answer, const error_body& error,
                             const std::string& start) {
    if (is_not_valid_yet(error))
        return {errc::supabase_unreachable,
                start + ", the key counts as not valid yet, which passes" + quoted(error.message)};
    if (error.code == "42501")
        return refused(start + ", the key has no rights there" + quoted(error.message));
    if (error.code == "22023") return refused(start + ", the role in the key does not exist in the database");
    if (error.code.empty() && answer.status == 403)
        return refused(start + ", Supabase's gateway forbids it; is supabase.url right?" +
                       quoted(error.message));
    return refused(start + ", Supabase does not accept the service key" + quoted(error.message));
}

// 400, 404, 405, 406, 409, 413 and whatever else a client's mistake is called.
failure explain_client_error(const http::response& answer, const error_body& error, asked what,
                             const std::string& start) {
    const std::string& code = error.code;
    if (code == "42703" || code == "PGRST204")
        return {errc::supabase_schema, start + ", a column is missing" + quoted(error.message)};
    if (code == "42P01" || code == "PGRST205")
        return {errc::supabase_schema, start + ", the table is missing" + quoted(error.message)};
    if (code == "PGRST202" || code == "PGRST106")
        return {errc::supabase_schema, start + ", the database lacks what was asked for"};
    if (code == "42501") return refused(start + ", the key has no rights there" + quoted(error.message));
    if (code == "22023") return refused(start + ", the role in the key does not exist in the database");
    if (code == "25006") return refused(start + ", the database is read-only, as when its disk is full");
    if (has_class(error, "40") || code == "55P03" || code == "57014")
        return {errc::supabase_unreachable, start + ", the database was busy"};
    if (what.writing && has_class(error, "23"))
        return {errc::row_rejected,
                start + ", a rule of the table forbids the values" + quoted(error.message)};
    if (what.writing && (has_class(error, "22") || has_class(error, "P0") || code == "PGRST102"))
        return {errc::row_rejected, start + ", the database does not accept the values"};
    if (code.empty() && (answer.status == 404 || !is_json(answer)))
        return {errc::supabase_unexpected, start + ", there is no Supabase data API; is supabase.url right?"};
    return {errc::supabase_unexpected, start + ", the request was not understood"};
}

failure explain_server_error(const http::response& answer, const error_body& error,
                             const std::string& start) {
    if (error.code == "57014" || error.code == "55P03" || has_class(error, "40") || answer.status == 504)
        return {errc::supabase_unreachable, start + ", the database was too slow or busy"};
    if (error.code.starts_with("PGRST00") || has_class(error, "57") || has_class(error, "53") ||
        has_class(error, "08"))
        return {errc::supabase_unreachable, start + ", the database is not available"};
    return {errc::supabase_unreachable, start + ", Supabase is not available"};
}

std::string without_query(std::string location) {
    if (auto end = location.find_first_of("?#"); end != location.npos) location.resize(end);
    return plain_text(location, longest_quote);
}

// "120", or "Wed, 21 Oct 2026 07:28:00 GMT"; from now on.
std::optional<std::chrono::seconds> parse_retry_after(const std::string& text, wall_time now) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (!text.empty() && end == text.data() + text.size())
        return error == std::errc{} ? std::chrono::seconds(seconds) : longest_pause;
    std::tm date{};
    std::istringstream stream(text);
    stream.imbue(std::locale::classic());
    stream >> std::get_time(&date, "%a, %d %b %Y %H:%M:%S GMT");
    if (!stream) return std::nullopt;
    return std::chrono::seconds(timegm(&date)) -
           std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
}

std::optional<wall_time> retry_after(const http::response& answer, wall_time now) {
    if (!answer.retry_after) return std::nullopt;
    const auto wait = parse_retry_after(*answer.retry_after, now);
    if (!wait) return std::nullopt;
    return now + std::clamp(*wait, 0s, longest_pause);
}

bool is_word_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool has_word(std::string_view text, std::string_view word) {
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
        auto end = at + word.size();
        if ((at == 0 || !is_word_character(text[at - 1])) &&
            (end == text.size() || !is_word_character(text[end])))
            return true;
    }
    return false;
}

failure cause_of(const http::response& answer, asked what) {
    error_body error = read_error(answer);
    std::string start = head(answer, error, what);
    switch (answer.status) {
    case 401:
    case 403: return explain_unauthorised(answer, error, start);
    case 402: return refused(start + ", Supabase wants the project's quota or bill settled");
    case 540: return refused(start + ", the Supabase project is paused");
    case 408:
    case 425:
    case 429: return {errc::supabase_unreachable, start + ", Supabase asks to slow down"};
    default: break;
    }
    if (answer.status >= 500) return explain_server_error(answer, error, start);
    if (answer.status >= 400) return explain_client_error(answer, error, what, start);
    if (answer.status >= 300)
        return {errc::supabase_unexpected, start + ", it is redirected to " + without_query(answer.location) +
                                               "; is supabase.url right?"};
    return {errc::supabase_unexpected,
            start + ", the answer is not JSON; is supabase.url right, and no gateway in between?"};
}

} // namespace

std::string error_code(const http::response& answer) { return read_error(answer).code; }

bool is_success(const http::response& answer) {
    return answer.status >= 200 && answer.status < 300 && is_json(answer);
}

failure explain(const http::response& answer, asked what, wall_time now) {
    failure why = cause_of(answer, what);
    if (why.code == errc::supabase_unreachable) why.not_before = retry_after(answer, now);
    return why;
}

failure explain(const http::transport_failure& why) {
    return {errc::supabase_unreachable, "Supabase cannot be reached: " + why.detail};
}

bool may_have_been_done(const http::response& answer) {
    if (is_success(answer)) return false;
    if (answer.status < 300 || answer.status == 408) return true;
    // These say that no statement was begun.
    auto code = error_code(answer);
    if (code == "PGRST000" || code == "PGRST002" || code == "PGRST003") return false;
    return answer.status >= 500;
}

bool is_missing_column(const http::response& answer, std::string_view column) {
    error_body error = read_error(answer);
    return (error.code == "42703" || error.code == "PGRST204") && has_word(error.message, column);
}

bool is_missing_table(const http::response& answer) {
    auto code = error_code(answer);
    return code == "42P01" || code == "PGRST205";
}

bool is_malformed_value(const http::response& answer) { return error_code(answer) == "22P02"; }

} // namespace hosting::supabase
