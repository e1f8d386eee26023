// From PostgREST's JSON to rows. A body that is not what the table promises is supabase_unexpected, with a
// sentence that names table, column and what was wrong, but never what the row holds.
#pragma once

#include "adapters/supabase/supabase.hpp"
#include "core/model.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::supabase {

// Of the table sites. A null domain is empty; a missing server_id or created_at too.
[[nodiscard]] result<std::vector<pending_site>> read_pending(std::string_view body);

// A row of sites; at most one is expected.
[[nodiscard]] result<std::optional<site>> read_site(std::string_view body);

// Any number of rows of sites.
[[nodiscard]] result<std::vector<site>> read_sites(std::string_view body);

// Of the table servers. ssh_port may be a number or text, null is 22, and 0 stands for one that is no port;
// an address loses brackets and blanks, and is empty where it cannot be one; a missing or null is_active is
// true.
[[nodiscard]] result<std::vector<server>> read_servers(std::string_view body);

// nullopt: no such row. An empty secret: the row has no key.
[[nodiscard]] result<std::optional<secret>> read_private_key(std::string_view body);

// Of infrastructure_credentials: the first active row that has url and api_token.
[[nodiscard]] result<std::optional<credentials>> read_credentials(std::string_view body);

// How many rows of sites an update returned.
[[nodiscard]] result<std::size_t> count_rows(std::string_view body);

} // namespace hosting::supabase
