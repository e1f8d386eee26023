// The Hub's tables in Supabase, over PostgREST (12 to 16).
#pragma once

#include "adapters/http/client.hpp"
#include "core/ports/site_queue.hpp"
#include "core/secret.hpp"

#include <memory>
#include <string>
#include <vector>

namespace hosting::supabase {

struct settings {
    http::url url; // of the project; /rest/v1/ is added to its path
    secret service_key;
    std::size_t page_size = 200;
};

// What infrastructure_credentials holds for a service.
struct credentials {
    std::string url;
    secret token;
};

// The site queue, and the one other table of the Hub that we read. Columns that an older schema lacks are
// done without, and asked for again every ten minutes.
class hub : public site_queue {
public:
    // The active row of a service; nullopt: no such row, no table, or the row lacks url or api_token.
    virtual boost::asio::awaitable<result<std::optional<credentials>>>
    service_credentials(std::string service) = 0;

    // The rows of a domain, whatever their state, by the ways in which a row may spell it; case and blanks
    // around it do not matter. At most a hundred.
    virtual boost::asio::awaitable<result<std::vector<site>>>
    of_domain(std::vector<std::string> spellings) = 0;

    // Rows asked for at a time, from the next question on. Thread-safe.
    virtual void set_page_size(std::size_t rows) = 0;
};

// The client must outlive the hub, and the hub its calls.
[[nodiscard]] std::unique_ptr<hub> make_hub(settings, http::client&);

} // namespace hosting::supabase
