#include "daemon/check_tables.hpp"

#include <algorithm>
#include <array>

namespace hosting {
namespace {

using enum finding::state;

constexpr std::string_view credentials_table = "infrastructure_credentials";
constexpr std::string_view hub_admin = "an administrator of the Management Hub must act";

struct consequence {
    std::string_view table;
    std::string_view column;
    std::string_view what;
};
constexpr std::array consequences{
    consequence{"sites", "server_id", "sites go to cloudpanel.default_server, or to the only server"},
    consequence{"sites", "created_at", "sites are taken in the order of their ids"},
    consequence{"servers", "name", "servers are called by their ids"},
    consequence{"servers", "ssh_port", "every server's port is 22"},
    consequence{"servers", "ssh_user", "every server's user is root"},
    consequence{"servers", "is_active", "no server can be paused"},
    consequence{credentials_table, "is_active", "its rows all count"},
};

std::string list_of(const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names)
        text.append(text.empty() ? "" : ", ").append(name);
    return text;
}

std::string done_without(const supabase::table_view& seen) {
    std::string text;
    for (const auto& name : seen.forgone) {
        const auto found = std::ranges::find_if(
            consequences, [&](const consequence& c) { return c.table == seen.table && c.column == name; });
        text += (text.empty() ? "done without " : "; without ") + name;
        if (found != consequences.end()) text.append(": ").append(found->what);
    }
    return text;
}

finding judge(const supabase::table_view& seen) {
    const std::string part = "table " + seen.table;
    // Only Matomo needs this one, and no site needs Matomo.
    const bool optional = seen.table == credentials_table;
    if (seen.why && optional && seen.why->code == errc::supabase_schema)
        return {part, note, "is not there: Matomo's credentials can only be in the configuration", ""};
    if (seen.why) return trouble(part, *seen.why);
    if (!seen.missing.empty())
        return {part, optional ? note : wrong, "lacks " + list_of(seen.missing), std::string(hub_admin)};
    if (!seen.forgone.empty()) return {part, note, done_without(seen), ""};
    return {part, ok, "has every column that is used", ""};
}

} // namespace

std::vector<finding> judge_tables(const std::string& url, const std::vector<supabase::table_view>& tables) {
    std::vector<finding> out;
    const bool hopeless =
        !tables.empty() && tables.front().why && tables.front().why->code != errc::supabase_schema;
    if (hopeless) {
        const auto& why = *tables.front().why;
        const bool away = why.code == errc::supabase_unreachable;
        out.push_back(trouble("Supabase", why,
                              away ? "see that this machine reaches Supabase, and that supabase.url is right"
                                   : std::string_view()));
        return out;
    }
    out.push_back({"Supabase", ok, url + " accepts the service key", ""});
    for (const auto& seen : tables)
        out.push_back(judge(seen));
    return out;
}

} // namespace hosting
