// The calls to Matomo's API: POST, with module, method and format in the query and the token in the body
// alone, which keeps it out of the server's logs.
#pragma once

#include "adapters/http/client.hpp"
#include "core/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hosting::matomo {

// Where the API is: the base URL with index.php, which no server answers with a redirect. Accepts one with or
// without
// '/', or with index.php already, in a subfolder too. Failure: matomo_not_configured.
[[nodiscard]] result<http::url> api_url(std::string_view base_url);

struct target {
    http::url api; // from api_url
    secret token;  // empty: as anybody
};

[[nodiscard]] http::request super_user_request(const target& at);
[[nodiscard]] http::request site_ids_request(const target& at, std::string_view domain);
[[nodiscard]] http::request site_urls_request(const target& at, std::int64_t id);
[[nodiscard]] http::request named_sites_request(const target& at, std::string_view name, std::size_t most);

// Not repeatable: Matomo makes another site each time.
[[nodiscard]] http::request add_site_request(const target& at, std::string_view domain);

// Gives a site its URL.
[[nodiscard]] http::request update_site_request(const target& at, std::int64_t id, std::string_view domain);

} // namespace hosting::matomo
