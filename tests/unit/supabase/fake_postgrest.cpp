#include "fake_postgrest.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace http = hosting::http;
namespace json = boost::json;

namespace {

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> out(1);
    for (char c : text) {
        if (c == at)
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

std::string text_of(const json::object& row, const std::string& column) {
    const auto* value = row.if_contains(column);
    if (!value || value->is_null()) return {};
    return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

bool is_null(const json::object& row, const std::string& column) {
    const auto* value = row.if_contains(column);
    return !value || value->is_null();
}

bool matches(const json::object& row, const std::string& column, const std::string& filter) {
    if (filter == "is.null") return is_null(row, column);
    if (filter.starts_with("eq.")) return !is_null(row, column) && text_of(row, column) == filter.substr(3);
    if (filter.starts_with("gt.")) return text_of(row, column) > filter.substr(3);
    return false;
}

// "created_at.desc.nullslast,id.desc": as text, which is right for ids and for times of one form.
bool comes_before(const json::object& a, const json::object& b, const std::vector<std::string>& order) {
    for (const auto& each : order) {
        auto parts = split(each, '.');
        const bool down = parts.size() > 1 && parts[1] == "desc";
        if (is_null(a, parts[0]) != is_null(b, parts[0]))
            return is_null(a, parts[0]) == (down && parts.back() != "nullslast");
        auto left = text_of(a, parts[0]);
        auto right = text_of(b, parts[0]);
        if (left != right) return down ? left > right : left < right;
    }
    return false;
}

http::response reply(unsigned status, std::string body, std::string type = "application/json") {
    http::response out;
    out.status = status;
    out.content_type = std::move(type);
    out.body = std::move(body);
    return out;
}

} // namespace

boost::asio::awaitable<http::exchange> fake_postgrest::send(http::request what) {
    seen.push_back(what);
    if (before_each) before_each();
    auto next = fate::usual;
    if (!fates.empty()) {
        next = fates.front();
        fates.pop_front();
    }
    http::transport_failure lost;
    lost.what = next == fate::unreachable ? http::transport_failure::kind::unreachable
                                          : http::transport_failure::kind::outcome_unknown;
    lost.detail = "db port 443: gone";
    if (next == fate::late) late_ = what;
    if (next == fate::unreachable || next == fate::lost_before || next == fate::late) co_return lost;
    if (what.method == "PATCH" && late_) serve(*std::exchange(late_, std::nullopt));
    if (next == fate::unavailable)
        co_return reply(503, R"({"code":"PGRST000","message":"Database connection error."})");
    auto answer = serve(what);
    if (next == fate::lost_after) co_return lost;
    if (next == fate::done_but_502) co_return reply(502, "<html>", "text/html");
    co_return answer;
}

http::response fake_postgrest::serve(const http::request& what) {
    auto query_at = what.target.find('?');
    std::string table = what.target.substr(9, query_at - 9); // behind /rest/v1/
    if (!tables.contains(table))
        return reply(404,
                     R"({"code":"42P01","message":"relation \"public.)" + table + R"(\" does not exist"})");

    std::vector<std::pair<std::string, std::string>> filters;
    std::vector<std::string> selected;
    std::vector<std::string> order{"id"};
    std::size_t limit = max_rows;
    for (const auto& part : split(what.target.substr(query_at + 1), '&')) {
        auto equals = part.find('=');
        std::string name = part.substr(0, equals);
        std::string value = decoded(std::string_view(part).substr(equals + 1));
        if (name == "select")
            selected = split(value, ',');
        else if (name == "limit")
            limit = std::min(limit, static_cast<std::size_t>(std::stoul(value)));
        else if (name == "order")
            order = split(value, ',');
        else
            filters.emplace_back(name, value);
    }

    auto missing = [&](const std::string& column) { return missing_columns[table].contains(column); };
    std::string lacking;
    for (const auto& each : selected)
        if (missing(each)) lacking = each;
    for (const auto& [name, value] : filters)
        if (missing(name)) lacking = name;
    for (const auto& each : order)
        if (missing(split(each, '.').front())) lacking = split(each, '.').front();
    if (!lacking.empty())
        return reply(400, R"({"code":"42703","message":"column )" + table + "." + lacking +
                              R"( does not exist"})");
    for (const auto& [name, value] : filters)
        if (name == "id" && value.find("not-a-uuid") != value.npos)
            return reply(
                400, R"({"code":"22P02","message":"invalid input syntax for type uuid: \"not-a-uuid\""})");

    auto& rows = tables[table];
    auto in_order = [&](const auto& a, const auto& b) { return comes_before(a, b, order); };
    if (!std::ranges::is_sorted(rows, in_order)) std::ranges::sort(rows, in_order);
    json::object changes;
    if (what.method == "PATCH") changes = json::parse(what.body).as_object();
    json::array out;
    for (auto& row : rows) {
        bool all = std::ranges::all_of(filters, [&](const auto& each) {
            return each.first == "or" || matches(row, each.first, each.second);
        });
        if (!all || (what.method == "GET" && out.size() >= limit)) continue;
        for (const auto& [key, value] : changes)
            row[key] = value;
        json::object given;
        for (const auto& [key, value] : row)
            if (!missing(std::string(key)) && (selected.empty() || selected.front() == "*" ||
                                               std::ranges::find(selected, key) != selected.end()))
                given[key] = value;
        out.push_back(given);
    }
    return reply(200, json::serialize(out));
}
