// The requests to PostgREST: targets, headers and bodies.
#pragma once

#include "adapters/supabase/schema.hpp"
#include "adapters/supabase/supabase.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hosting::supabase {

// Where the next page of a table begins: behind this id; empty for the first page.
struct page {
    std::string after_id;
    std::size_t limit = 0;
};

[[nodiscard]] http::request pending_request(const settings& with, columns known, const page& which);
// The one page with the rows that were created last.
[[nodiscard]] http::request newest_request(const settings& with, columns known, std::size_t limit);
[[nodiscard]] http::request site_request(const settings& with, columns known, std::string_view id);
// The rows whose domain, but for case and blanks around it, is one of these; `limit` of them at most.
[[nodiscard]] http::request domain_request(const settings& with, columns known,
                                           const std::vector<std::string>& spellings, std::size_t limit);
[[nodiscard]] http::request servers_request(const settings& with, columns known, const page& which);
[[nodiscard]] http::request private_key_request(const settings& with, std::string_view server_id);
[[nodiscard]] http::request credentials_request(const settings& with, std::string_view service);

// Brings no row: only whether there are such a table and such columns, and whether the key may read them.
[[nodiscard]] http::request columns_request(const settings& with, std::string_view table,
                                            const std::vector<std::string>& columns);

// Calls a function of the database with named arguments, a JSON object.
[[nodiscard]] http::request function_request(const settings& with, std::string_view function,
                                             std::string arguments);

// The same for a function that only reads: it can change nothing then.
[[nodiscard]] http::request
reading_request(const settings& with, std::string_view function,
                const std::vector<std::pair<std::string, std::string>>& arguments);

// What an outcome changes in a row: a JSON object of columns.
[[nodiscard]] std::string changed_columns(const outcome& what);

// Changes the row only if it is as it was read, and returns what it changed: [] means that it was not.
[[nodiscard]] http::request update_request(const settings& with, columns known, const site& as_read,
                                           const outcome& what);

} // namespace hosting::supabase
