#include "adapters/supabase/rows.hpp"

#include <algorithm>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace hosting::supabase {
namespace {

namespace json = boost::json;

failure odd(std::string_view table, const std::string& what) {
    return {errc::supabase_unexpected,
            "the table " + std::string(table) + " was not answered as expected: " + what};
}

// One row, whose columns can be asked for as text, number or truth. The first oddity is kept.
class row_reader {
public:
    row_reader(std::string_view table, const json::object& row)
        : table_(table)
        , row_(row) {}

    [[nodiscard]] bool has(std::string_view column) const { return row_.if_contains(column) != nullptr; }

    // nullopt: null or missing. Numbers count as text, since ids may be either.
    std::optional<std::string> text(std::string_view column) {
        const json::value* value = row_.if_contains(column);
        if (!value || value->is_null()) return std::nullopt;
        if (value->is_string()) return std::string(value->get_string());
        if (value->is_int64()) return std::to_string(value->get_int64());
        if (value->is_uint64()) return std::to_string(value->get_uint64());
        complain(column, "text");
        return std::nullopt;
    }

    std::string id() {
        auto found = text("id");
        if (!odd_ && (!found || found->empty())) complain("id", "an id");
        return found.value_or("");
    }

    std::optional<std::int64_t> number(std::string_view column) {
        const json::value* value = row_.if_contains(column);
        if (!value || value->is_null()) return std::nullopt;
        std::optional<std::int64_t> out;
        if (value->is_int64()) out = value->get_int64();
        if (value->is_double() && std::trunc(value->get_double()) == value->get_double() &&
            std::abs(value->get_double()) < 1e15)
            out = static_cast<std::int64_t>(value->get_double());
        if (value->is_string()) {
            std::string_view text = value->get_string();
            std::int64_t parsed = 0;
            auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
            if (error == std::errc{} && end == text.data() + text.size()) out = parsed;
        }
        if (!out) complain(column, "a whole number");
        return out;
    }

    // null and missing are true: a schema without the column knows no inactive rows.
    bool active() {
        const json::value* value = row_.if_contains("is_active");
        if (!value || value->is_null()) return true;
        if (value->is_bool()) return value->get_bool();
        complain("is_active", "true or false");
        return true;
    }

    [[nodiscard]] const std::optional<failure>& oddity() const { return odd_; }

    // The value whatever it is, for columns whose oddities are not errors.
    [[nodiscard]] const json::value* raw(std::string_view column) const { return row_.if_contains(column); }

private:
    void complain(std::string_view column, const char* wanted) {
        if (!odd_) odd_ = odd(table_, "its column " + std::string(column) + " is not " + wanted);
    }

    std::string_view table_;
    const json::object& row_;
    std::optional<failure> odd_;
};

// Calls `read(row_reader&)` for each row and gathers what it returns.
template<class Read>
auto read_rows(std::string_view body, std::string_view table, Read read)
    -> result<std::vector<decltype(read(std::declval<row_reader&>()))>> {
    boost::system::error_code ec;
    json::monotonic_resource memory;
    json::value parsed = json::parse(body, ec, &memory);
    if (ec) return odd(table, "the body is no JSON that can be read (" + ec.message() + ')');
    if (!parsed.is_array()) return odd(table, "the body is not a list of rows");
    std::vector<decltype(read(std::declval<row_reader&>()))> out;
    out.reserve(parsed.get_array().size());
    for (const json::value& each : parsed.get_array()) {
        if (!each.is_object()) return odd(table, "the list holds something that is not a row");
        row_reader row(table, each.get_object());
        out.push_back(read(row));
        if (row.oddity()) return *row.oddity();
    }
    return out;
}

std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::uint16_t port_of(const json::value* value) {
    constexpr std::uint16_t default_port = 22;
    constexpr std::uint16_t unusable = 0;
    if (!value || value->is_null()) return default_port;
    double number = 0;
    if (value->is_number()) {
        number = value->to_number<double>();
    } else if (value->is_string()) {
        std::string text = trimmed(value->get_string());
        if (text.empty()) return default_port;
        unsigned parsed = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
        if (error != std::errc{} || end != text.data() + text.size()) return unusable;
        number = parsed;
    }
    if (number < 1 || number > std::numeric_limits<std::uint16_t>::max() || std::trunc(number) != number)
        return unusable;
    return static_cast<std::uint16_t>(number);
}

bool is_address_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '%';
}

std::string address_of(std::string_view text) {
    std::string out = trimmed(text);
    if (out.starts_with('[') && out.ends_with(']'))
        out = trimmed(std::string_view(out).substr(1, out.size() - 2));
    if (!std::ranges::all_of(out, is_address_character)) return {};
    return out;
}

server server_of(row_reader& row) {
    server out;
    out.id = row.id();
    out.name = trimmed(row.text("name").value_or(""));
    out.address = address_of(row.text("ip_address").value_or(""));
    out.port = port_of(row.raw("ssh_port"));
    std::string user = trimmed(row.text("ssh_user").value_or(""));
    if (!user.empty()) out.user = std::move(user);
    out.active = row.active();
    return out;
}

site site_of(row_reader& row) {
    site out;
    out.id = row.id();
    out.domain = row.text("domain").value_or("");
    out.server_id = row.text("server_id");
    out.has_server_column = row.has("server_id");
    out.status_dns = row.text("status_dns");
    out.status_hosting = row.text("status_hosting");
    out.matomo_site_id = row.number("matomo_site_id");
    out.document_root = row.text("hosting_doc_root");
    out.error_message = row.text("error_message");
    return out;
}

} // namespace

result<std::vector<pending_site>> read_pending(std::string_view body) {
    return read_rows(body, "sites", [](row_reader& row) {
        pending_site out;
        out.id = row.id();
        out.domain = row.text("domain").value_or("");
        out.server_id = row.text("server_id").value_or("");
        out.created_at = row.text("created_at").value_or("");
        return out;
    });
}

result<std::optional<site>> read_site(std::string_view body) {
    auto rows = read_sites(body);
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<site>();
    if (rows->size() > 1) return odd("sites", "several rows have one id");
    return std::optional<site>(std::move(rows->front()));
}

result<std::vector<site>> read_sites(std::string_view body) { return read_rows(body, "sites", site_of); }

result<std::vector<server>> read_servers(std::string_view body) {
    return read_rows(body, "servers", server_of);
}

result<std::optional<secret>> read_private_key(std::string_view body) {
    auto rows = read_rows(body, "servers",
                          [](row_reader& row) { return secret(row.text("ssh_private_key").value_or("")); });
    if (!rows) return rows.error();
    if (rows->empty()) return std::optional<secret>();
    return std::optional<secret>(std::move(rows->front()));
}

result<std::optional<credentials>> read_credentials(std::string_view body) {
    auto rows = read_rows(body, "infrastructure_credentials", [](row_reader& row) {
        std::optional<credentials> out;
        std::string url = trimmed(row.text("url").value_or(""));
        secret token(trimmed(row.text("api_token").value_or("")));
        if (row.active() && !url.empty() && !token.empty())
            out = credentials{std::move(url), std::move(token)};
        return out;
    });
    if (!rows) return rows.error();
    for (auto& each : *rows)
        if (each) return std::move(each);
    return std::optional<credentials>();
}

result<std::size_t> count_rows(std::string_view body) {
    auto rows = read_rows(body, "sites", [](row_reader& row) { return row.id(); });
    if (!rows) return rows.error();
    return rows->size();
}

} // namespace hosting::supabase
