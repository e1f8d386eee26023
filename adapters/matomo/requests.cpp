#include "adapters/matomo/requests.hpp"

namespace hosting::matomo {
namespace {

http::request call(const target& at, std::string_view method, const std::string& parameters) {
    http::request out;
    out.method = "POST";
    out.where = at.api;
    out.target = at.api.path + "?module=API&format=json&method=" + std::string(method);
    out.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    out.headers.emplace_back("Accept", "application/json");
    out.body = parameters + "token_auth=" + http::percent_encode(at.token.reveal());
    out.repeatable = true;
    return out;
}

std::string https(std::string_view domain) { return http::percent_encode("https://" + std::string(domain)); }

} // namespace

result<http::url> api_url(std::string_view base_url) {
    auto parsed = http::parse_url(base_url);
    if (!parsed) return failure{errc::matomo_not_configured, "for Matomo, " + parsed.error().detail};
    if (parsed->path == "/") parsed->path.clear();
    if (!parsed->path.ends_with("/index.php")) parsed->path += "/index.php";
    return parsed;
}

http::request super_user_request(const target& at) { return call(at, "UsersManager.hasSuperUserAccess", ""); }

http::request site_ids_request(const target& at, std::string_view domain) {
    return call(at, "SitesManager.getSitesIdFromSiteUrl", "url=" + https(domain) + '&');
}

http::request site_urls_request(const target& at, std::int64_t id) {
    return call(at, "SitesManager.getSiteUrlsFromId", "idSite=" + std::to_string(id) + '&');
}

http::request named_sites_request(const target& at, std::string_view name, std::size_t most) {
    return call(at, "SitesManager.getPatternMatchSites",
                "pattern=" + http::percent_encode(name) + "&filter_limit=" + std::to_string(most) + '&');
}

http::request add_site_request(const target& at, std::string_view domain) {
    http::request out = call(at, "SitesManager.addSite",
                             "siteName=" + http::percent_encode(domain) + "&urls[0]=" + https(domain) + '&');
    out.repeatable = false;
    return out;
}

http::request update_site_request(const target& at, std::int64_t id, std::string_view domain) {
    return call(at, "SitesManager.updateSite",
                "idSite=" + std::to_string(id) + "&urls[0]=" + https(domain) + '&');
}

} // namespace hosting::matomo
