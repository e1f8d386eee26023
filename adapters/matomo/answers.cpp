#include "adapters/matomo/answers.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <optional>

namespace hosting::matomo {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_quote = 160; // characters of remote text in a sentence

failure unexpected(const std::string& what) { return {errc::matomo_unexpected, "Matomo " + what}; }

std::string without_query(std::string location) {
    if (auto end = location.find_first_of("?#"); end != location.npos) location.resize(end);
    return plain_text(location, longest_quote);
}

// The text of {"result":"error","message":...}, for people only. nullopt: the body is no such thing.
std::optional<std::string> application_error(const json::value& body) {
    if (!body.is_object()) return std::nullopt;
    const json::value* kind = body.get_object().if_contains("result");
    if (!kind || !kind->is_string() || kind->get_string() != "error") return std::nullopt;
    const json::value* message = body.get_object().if_contains("message");
    return message && message->is_string() ? plain_text(std::string(message->get_string()), longest_quote)
                                           : "";
}

std::optional<json::value> parse(const http::response& answer) {
    boost::system::error_code ec;
    json::value body = json::parse(answer.body, ec);
    if (ec) return std::nullopt;
    return body;
}

std::string quoted(const std::optional<std::string>& said) {
    return said && !said->empty() ? " (it says: " + *said + ')' : "";
}

failure explain_status(const http::response& answer) {
    auto body = parse(answer);
    auto said = body ? application_error(*body) : std::nullopt;
    std::string status = std::to_string(answer.status);
    if (answer.status == 401 || (answer.status == 403 && body))
        return {errc::matomo_refused, "Matomo refuses the token (" + status + ')' + quoted(said)};
    if (answer.status == 408 || answer.status == 429)
        return {errc::matomo_unreachable, "Matomo asks to slow down (" + status + ')'};
    if (answer.status >= 500)
        return {errc::matomo_unreachable,
                "Matomo is not available, or has locked this address out (" + status + ')' + quoted(said)};
    if (answer.status >= 300 && answer.status < 400)
        return unexpected("redirects to " + without_query(answer.location) + " (" + status +
                          "); its URL here is wrong");
    return unexpected("has no API there (" + status + "); its URL here may be wrong");
}

// The body of a success, for a look at its shape.
result<json::value> success(const http::response& answer) {
    if (answer.status != 200) return explain_status(answer);
    auto body = parse(answer);
    if (!body)
        return unexpected(
            "shows a page instead of answering; its URL here is wrong, or it is in maintenance or "
            "not installed");
    if (auto said = application_error(*body)) return unexpected("reports an error" + quoted(said));
    return std::move(*body);
}

failure wrong_shape(const char* method) {
    return unexpected(std::string("answers ") + method + " in an unknown way");
}

std::optional<std::int64_t> id_of(const json::value* value) {
    std::int64_t out = 0;
    if (value && value->is_int64()) {
        out = value->get_int64();
    } else if (value && value->is_string()) {
        std::string_view text = value->get_string();
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    }
    if (out <= 0) return std::nullopt;
    return out;
}

std::string text_of(const json::value* value) {
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

bool is_slash_or_end(std::string_view text) { return text.empty() || text.front() == '/'; }

std::string lowered(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool is_url_of(const std::string& url, std::string_view domain) {
    std::string text = lowered(url);
    std::string_view rest = text;
    for (std::string_view scheme : {"https://", "http://"})
        if (rest.starts_with(scheme)) {
            rest.remove_prefix(scheme.size());
            break;
        }
    if (rest.size() == text.size()) return false;
    if (rest.starts_with(domain) && is_slash_or_end(rest.substr(domain.size()))) return true;
    if (!rest.starts_with("www.")) return false;
    rest.remove_prefix(4);
    return rest.starts_with(domain) && is_slash_or_end(rest.substr(domain.size()));
}

} // namespace

result<std::vector<std::int64_t>> read_site_ids(const http::response& answer) {
    constexpr const char* method = "getSitesIdFromSiteUrl";
    auto body = success(answer);
    if (!body) return body.error();
    if (!body->is_array()) return wrong_shape(method);
    std::vector<std::int64_t> out;
    for (const json::value& each : body->get_array()) {
        auto id = each.is_object() ? id_of(each.get_object().if_contains("idsite")) : std::nullopt;
        if (!id) return wrong_shape(method);
        out.push_back(*id);
    }
    std::ranges::sort(out);
    return out;
}

result<std::vector<std::string>> read_site_urls(const http::response& answer) {
    constexpr const char* method = "getSiteUrlsFromId";
    auto body = success(answer);
    if (!body) return body.error();
    if (!body->is_array()) return wrong_shape(method);
    std::vector<std::string> out;
    for (const json::value& each : body->get_array()) {
        if (!each.is_string()) return wrong_shape(method);
        out.emplace_back(each.get_string());
    }
    return out;
}

result<std::int64_t> read_added_site(const http::response& answer) {
    auto body = success(answer);
    if (!body) return body.error();
    auto id = body->is_object() ? id_of(body->get_object().if_contains("value")) : std::nullopt;
    if (!id) return wrong_shape("addSite");
    return *id;
}

result<bool> read_super_user(const http::response& answer) {
    auto body = success(answer);
    if (!body) return body.error();
    const json::value* value = body->is_object() ? body->get_object().if_contains("value") : nullptr;
    if (value && value->is_bool()) return value->get_bool();
    if (value && value->is_int64()) return value->get_int64() == 1;
    return wrong_shape("hasSuperUserAccess");
}

result<std::vector<named_site>> read_named_sites(const http::response& answer) {
    constexpr const char* method = "getPatternMatchSites";
    auto body = success(answer);
    if (!body) return body.error();
    if (!body->is_array()) return wrong_shape(method);
    std::vector<named_site> out;
    for (const json::value& each : body->get_array()) {
        auto id = each.is_object() ? id_of(each.get_object().if_contains("idsite")) : std::nullopt;
        if (!id) return wrong_shape(method);
        const json::object& row = each.get_object();
        out.push_back({*id, text_of(row.if_contains("name")), text_of(row.if_contains("main_url"))});
    }
    std::ranges::sort(out, {}, &named_site::id);
    return out;
}

bool is_site_of(const std::vector<std::string>& urls, std::string_view domain) {
    return std::ranges::any_of(urls, [&](const std::string& each) { return is_url_of(each, domain); });
}

} // namespace hosting::matomo
