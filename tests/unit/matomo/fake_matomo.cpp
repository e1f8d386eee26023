#include "fake_matomo.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace http = hosting::http;
namespace json = boost::json;

namespace {

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::map<std::string, std::string> parameters_of(std::string_view body) {
    std::map<std::string, std::string> out;
    while (!body.empty()) {
        auto part = body.substr(0, body.find('&'));
        body.remove_prefix(std::min(body.size(), part.size() + 1));
        auto equals = part.find('=');
        out[decoded(part.substr(0, equals))] = decoded(part.substr(equals + 1));
    }
    return out;
}

http::response reply(unsigned status, const json::value& body) {
    http::response out;
    out.status = status;
    out.content_type = "application/json";
    out.body = json::serialize(body);
    return out;
}

http::response error(unsigned status, const char* message) {
    return reply(status, json::object{{"result", "error"}, {"message", message}});
}

http::response page(unsigned status) {
    http::response out;
    out.status = status;
    out.content_type = "text/html";
    out.body = "<html>";
    return out;
}

http::transport_failure lost() {
    http::transport_failure out;
    out.what = http::transport_failure::kind::outcome_unknown;
    out.detail = "matomo port 443: no answer in time";
    return out;
}

// Without scheme, and without "www." wherever it stands.
std::string bare(std::string url) {
    if (auto at = url.find("://"); at != url.npos) url.erase(0, at + 3);
    if (auto at = url.find("www."); at != url.npos) url.erase(at, 4);
    return url;
}

} // namespace

boost::asio::awaitable<http::exchange> fake_matomo::send(http::request what) {
    most_at_once = std::max(most_at_once, ++running_);
    boost::asio::steady_timer work(executor_, std::chrono::milliseconds(1));
    co_await work.async_wait(boost::asio::use_awaitable);
    const auto method = what.target.substr(what.target.find("method=") + 7);
    ++calls[method];
    if (before_each) before_each(method);
    auto answer = serve(method, parameters_of(what.body));
    --running_;
    co_return answer;
}

http::exchange fake_matomo::serve(const std::string& method, std::map<std::string, std::string> parameters) {
    if (instead) return *instead;
    if (out_of_order) return error(500, "SQLSTATE[HY000] [2002] Connection refused");
    const bool anybody = parameters["token_auth"].empty();
    if (bad_tokens > 20 && !anybody) return error(500, "Too many failed logins.");
    bool known = !anybody && parameters["token_auth"] == token;
    if (!known && !anybody) ++bad_tokens;
    if (!known && !anybody && !version_4)
        return error(401, "Unable to authenticate with the provided token.");
    bool allowed = known && super_user;

    if (method == "UsersManager.hasSuperUserAccess") return reply(200, json::object{{"value", allowed}});
    if (method == "SitesManager.getSitesIdFromSiteUrl") {
        json::array out;
        for (const auto& each : sites)
            for (const auto& url : each.urls)
                if (allowed && bare(url) == bare(parameters["url"]))
                    out.push_back(json::object{{"idsite", each.id}});
        if (late_) sites.push_back(*std::exchange(late_, std::nullopt));
        return reply(200, out);
    }
    if (method == "SitesManager.getPatternMatchSites") {
        const auto limit = parameters.contains("filter_limit") ? std::stoul(parameters["filter_limit"]) : 100;
        json::array out;
        for (const auto& each : sites)
            if (allowed && each.name.find(parameters["pattern"]) != each.name.npos && out.size() < limit)
                out.push_back(json::object{{"idsite", each.id},
                                           {"name", each.name},
                                           {"main_url", each.urls.empty() ? "" : each.urls.front()}});
        return reply(200, out);
    }
    if (!allowed) return error(version_4 ? 200 : 401, "This requires 'superuser' access.");
    if (method == "SitesManager.addSite") return add_site(parameters["siteName"], parameters["urls[0]"]);
    auto at = std::ranges::find(sites, std::stoll(parameters["idSite"]), &site::id);
    if (at == sites.end()) return error(200, "An unexpected website was found in the request");
    if (method == "SitesManager.updateSite") {
        at->urls = {parameters["urls[0]"]};
        return reply(200, json::object{{"result", "success"}, {"message", "ok"}});
    }
    json::array urls;
    for (const auto& each : at->urls)
        urls.emplace_back(each);
    return reply(200, urls);
}

http::exchange fake_matomo::add_site(const std::string& name, const std::string& url) {
    auto next = fate::usual;
    if (!fates.empty()) {
        next = fates.front();
        fates.pop_front();
    }
    if (next == fate::slow) slow_ = site{0, name, {url}};
    if (on_add) on_add();
    if (next == fate::lost_before) return lost();
    if (next == fate::killed) return page(500);
    if (next == fate::slow) return lost();
    if (next == fate::unavailable) return page(503);
    if (next == fate::late) {
        late_ = site{++last_id_, name, {url}};
        return lost();
    }
    std::vector<std::string> urls;
    if (next != fate::orphaned) urls.push_back(url);
    auto id = add(name, urls);
    if (next == fate::orphaned) return page(502);
    if (next == fate::lost_after) return lost();
    return reply(200, json::object{{"value", id}});
}

void fake_matomo::finish_slow_in(std::chrono::milliseconds time) {
    auto work = std::make_shared<boost::asio::steady_timer>(executor_, time);
    work->async_wait([this, work](auto) { add(slow_.name, slow_.urls); });
}

std::int64_t fake_matomo::add(const std::string& name, std::vector<std::string> urls) {
    sites.push_back({++last_id_, name.substr(0, 90), std::move(urls)});
    return last_id_;
}
