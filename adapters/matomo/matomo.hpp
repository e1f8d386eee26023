// Matomo's SitesManager over its HTTP API (4.x and 5.x).
#pragma once

#include "adapters/http/client.hpp"
#include "core/ports/analytics.hpp"
#include "core/secret.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hosting::matomo {

struct credentials {
    std::string url; // base URL, with or without '/' or index.php at the end
    secret token;
};

// Where the credentials come from: the configuration, or the Hub's table. nullopt: nowhere.
using credentials_source = std::function<boost::asio::awaitable<result<std::optional<credentials>>>()>;

// Asks the source when it has none, and again after ten minutes or a refusal. After a refused token it is
// silent for an hour or until the source gives others: every further try would lock the whole address out.
[[nodiscard]] std::unique_ptr<analytics> make_analytics(boost::asio::any_io_executor executor, http::client&,
                                                        credentials_source);

} // namespace hosting::matomo
