// What `check` says of the servers: each is logged in to once, and asked for something harmless.
#pragma once

#include "adapters/ssh/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/model.hpp"
#include "core/ports/log.hpp"
#include "core/ports/resolver.hpp"
#include "daemon/check_report.hpp"

#include <boost/asio/awaitable.hpp>
#include <vector>

namespace hosting {

// Tries those that are active, many at a time, each within `with.connect_timeout` and what its answers take.
// Rows that are the same server share one login. Host keys that are not known are not remembered, whatever
// `with` says. On one thread.
[[nodiscard]] boost::asio::awaitable<std::vector<finding>>
check_servers(std::vector<server> rows, supabase::hub& keys, ssh::settings with, resolver& names, log&);

} // namespace hosting
