#include "adapters/supabase/schema.hpp"

#include "adapters/supabase/answers.hpp"

#include <array>

namespace hosting::supabase {
namespace {

constexpr std::chrono::minutes believed_for{10};

struct name {
    optional_column which;
    std::string_view table;
    std::string_view column;
};
constexpr std::array names{
    name{optional_column::sites_server_id, "sites", "server_id"},
    name{optional_column::sites_created_at, "sites", "created_at"},
    name{optional_column::servers_name, "servers", "name"},
    name{optional_column::servers_ssh_port, "servers", "ssh_port"},
    name{optional_column::servers_ssh_user, "servers", "ssh_user"},
    name{optional_column::servers_is_active, "servers", "is_active"},
};

} // namespace

columns schema_memory::known(time_point now) {
    if (missing_ != 0 && now - learned_at_.load() > believed_for) missing_ = 0;
    return {missing_};
}

bool schema_memory::learn(std::string_view table, const http::response& answer, columns used,
                          time_point now) {
    for (const name& each : names) {
        if (each.table != table || !used.has(each.which) || !is_missing_column(answer, each.column)) continue;
        missing_ |= 1U << static_cast<unsigned>(each.which);
        learned_at_ = now;
        return true;
    }
    return false;
}

} // namespace hosting::supabase
