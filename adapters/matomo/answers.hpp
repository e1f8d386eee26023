// What Matomo's answers mean, by their status and shape alone: the texts follow a language setting.
// Source: Matomo 4.16.1 and 5.1.2 as observed.
#pragma once

#include "adapters/http/client.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::matomo {

// Each reads the answer to one method. Success is 200 with JSON of the expected shape. Anything else:
// matomo_refused      401, or 403 as JSON
// matomo_unreachable  5xx (also what a lockout after too many bad tokens looks like), 408, 429
// matomo_unexpected   a redirect or a page instead of the API, an application error, another shape

// SitesManager.getSitesIdFromSiteUrl, lowest id first.
[[nodiscard]] result<std::vector<std::int64_t>> read_site_ids(const http::response& answer);

// SitesManager.getSiteUrlsFromId
[[nodiscard]] result<std::vector<std::string>> read_site_urls(const http::response& answer);

// SitesManager.addSite
[[nodiscard]] result<std::int64_t> read_added_site(const http::response& answer);

// UsersManager.hasSuperUserAccess
[[nodiscard]] result<bool> read_super_user(const http::response& answer);

// SitesManager.getPatternMatchSites
struct named_site {
    std::int64_t id = 0;
    std::string name;
    std::string main_url; // empty: an addSite was killed between its two steps
};
[[nodiscard]] result<std::vector<named_site>> read_named_sites(const http::response& answer);

// Whether one of these URLs is the domain's own, with or without "www.", over http or https, without a port.
// Matomo's look-up takes "www." out wherever it stands and so finds sites of other domains.
[[nodiscard]] bool is_site_of(const std::vector<std::string>& urls, std::string_view domain);

} // namespace hosting::matomo
