// What `check` says of the Hub's tables. Pure.
#pragma once

#include "adapters/supabase/tables.hpp"
#include "daemon/check_report.hpp"

#include <string>
#include <vector>

namespace hosting {

// Of Supabase itself and of each table; `url` as the configuration has it.
[[nodiscard]] std::vector<finding> judge_tables(const std::string& url,
                                                const std::vector<supabase::table_view>&);

} // namespace hosting
