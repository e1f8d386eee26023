// What the Hub's tables look like to the key that we have.
#pragma once

#include "adapters/http/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

namespace hosting::supabase {

struct table_view {
    std::string table;
    std::optional<failure> why;       // it cannot be read at all; then there is nothing below
    std::vector<std::string> missing; // columns that we cannot do without
    std::vector<std::string> forgone; // columns that older schemas lack, and that we do without
};

// Looks at each table that we read, by requests that bring no row and change nothing. The first one that
// fails for another reason than the table's own is the last. The client must outlive the call.
[[nodiscard]] boost::asio::awaitable<std::vector<table_view>> look_at_tables(settings, http::client&);

// All columns that we may name in a request for a table.
[[nodiscard]] std::vector<std::string> columns_named(std::string_view table);

} // namespace hosting::supabase
