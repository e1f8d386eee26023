// Matomo's SitesManager over its HTTP API (4.x and 5.x).
#pragma once

#include "adapters/http/client.hpp"
#include "core/ports/analytics.hpp"
#include "core/secret.hpp"

#include <chrono>
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

// For tests: where the time comes from, and how long a lost addSite is given, at least, before it is tried
// again; otherwise as long as it had taken when its answer was given up, up to a minute.
struct timing {
    std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
    std::chrono::milliseconds patience_after_loss{2'000};
};

// Asks the source when it has no credentials, and again after ten minutes or a refusal. New credentials are
// first proved by one harmless call. After a refused token, or a lockout (500 for us, while others are
// answered), it is silent for an hour, or until the source, asked once a minute meanwhile, gives others:
// every further try would lock the whole address out. At most four calls at a time. The client must outlive
// the calls.
[[nodiscard]] std::unique_ptr<analytics> make_analytics(boost::asio::any_io_executor executor, http::client&,
                                                        credentials_source, timing = {});

} // namespace hosting::matomo
