#include "adapters/supabase/tables.hpp"

#include "adapters/supabase/answers.hpp"
#include "adapters/supabase/requests.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace hosting::supabase {
namespace {

struct named_column {
    std::string_view table;
    std::string_view name;
    bool needed;
};

constexpr std::array all_columns{
    named_column{"sites", "id", true},
    named_column{"sites", "domain", true},
    named_column{"sites", "status_dns", true},
    named_column{"sites", "status_hosting", true},
    named_column{"sites", "hosting_doc_root", true},
    named_column{"sites", "matomo_site_id", true},
    named_column{"sites", "error_message", true},
    named_column{"sites", "server_id", false},
    named_column{"sites", "created_at", false},
    named_column{"servers", "id", true},
    named_column{"servers", "ip_address", true},
    named_column{"servers", "ssh_private_key", true},
    named_column{"servers", "name", false},
    named_column{"servers", "ssh_port", false},
    named_column{"servers", "ssh_user", false},
    named_column{"servers", "is_active", false},
    named_column{"infrastructure_credentials", "service", true},
    named_column{"infrastructure_credentials", "url", true},
    named_column{"infrastructure_credentials", "api_token", true},
    named_column{"infrastructure_credentials", "is_active", false},
};
constexpr std::array tables{"servers", "sites", "infrastructure_credentials"};

bool is_needed(std::string_view table, std::string_view name) {
    return std::ranges::any_of(
        all_columns, [&](const named_column& c) { return c.table == table && c.name == name && c.needed; });
}

// PostgREST names one missing column at a time: it is asked again without that one.
boost::asio::awaitable<table_view> look_at(const settings& with, http::client& over, std::string table) {
    table_view seen;
    seen.table = table;
    auto left = columns_named(table);
    while (!left.empty()) {
        http::request request = columns_request(with, table, left);
        auto answer = co_await over.send(std::move(request));
        if (!answer) {
            seen.why = explain(answer.error());
            co_return seen;
        }
        if (is_success(*answer)) co_return seen;
        const auto gone = std::ranges::find_if(
            left, [&](const std::string& name) { return is_missing_column(*answer, name); });
        if (gone == left.end()) {
            asked reading;
            reading.table = table;
            seen.why = explain(*answer, reading, std::chrono::system_clock::now());
            co_return seen;
        }
        (is_needed(table, *gone) ? seen.missing : seen.forgone).push_back(*gone);
        left.erase(gone);
    }
    co_return seen;
}

} // namespace

std::vector<std::string> columns_named(std::string_view table) {
    std::vector<std::string> names;
    for (const auto& column : all_columns)
        if (column.table == table) names.emplace_back(column.name);
    return names;
}

boost::asio::awaitable<std::vector<table_view>> look_at_tables(settings with, http::client& over) {
    std::vector<table_view> seen;
    for (const char* table : tables) {
        auto one = co_await look_at(with, over, table);
        const bool hopeless = one.why && one.why->code != errc::supabase_schema;
        seen.push_back(std::move(one));
        if (hopeless) break;
    }
    co_return seen;
}

} // namespace hosting::supabase
