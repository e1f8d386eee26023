// The requests to PostgREST: targets, headers and bodies.
#pragma once

#include "adapters/supabase/schema.hpp"
#include "adapters/supabase/supabase.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace hosting::supabase {

// Where the next page of a table begins: behind this id; empty for the first page.
struct page {
    std::string after_id;
    std::size_t limit = 0;
};

[[nodiscard]] http::request pending_request(const settings& with, columns known, const page& which);
[[nodiscard]] http::request site_request(const settings& with, columns known, std::string_view id);
[[nodiscard]] http::request servers_request(const settings& with, columns known, const page& which);
[[nodiscard]] http::request private_key_request(const settings& with, std::string_view server_id);
[[nodiscard]] http::request credentials_request(const settings& with, std::string_view service);

// Changes the row only if it is as it was read, and returns what it changed: [] means that it was not.
[[nodiscard]] http::request update_request(const settings& with, columns known, const site& as_read,
                                           const outcome& what);

} // namespace hosting::supabase
