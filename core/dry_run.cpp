#include "core/dry_run.hpp"

#include "core/domain_name.hpp"
#include "core/message_text.hpp"
#include "core/server_choice.hpp"

namespace hosting {
namespace {

namespace asio = boost::asio;

std::string trouble(const failure& why) { return "would not go on: " + error_message(why); }

// What the stages site and certificate would do, judging by a look at the server.
std::string server_steps(const site_view& view, const site_users& users,
                         std::chrono::seconds keep_if_valid_for, wall_time now) {
    if (!view.exists)
        return "would create the site, owned by " + users.preferred + ", and order a certificate";
    if (const auto fault = owner_fault(view)) return trouble(*fault);
    const bool foreign = !users.has(view.owner);
    const auto verdict = judge(view.installed, now, keep_if_valid_for);
    std::string text = "the site exists, owned by " + view.owner;
    if (!wants_order(verdict, foreign))
        return text + ", and its certificate would be kept (" + std::string(to_string(verdict)) + ")";
    return text + "; would order a certificate: " + std::string(to_string(verdict));
}

std::string analytics_step(const result<std::optional<std::int64_t>>& found) {
    if (!found) return "Matomo cannot be asked: " + found.error().detail;
    if (*found) return "is in Matomo as " + std::to_string(**found);
    return "would be registered in Matomo";
}

asio::awaitable<std::optional<std::string>> look_at(look_ports ports, const runner_settings& settings,
                                                    std::string id, const std::vector<server>& servers,
                                                    bool& in_trouble) {
    in_trouble = true;
    auto read = co_await ports.queue.read(id);
    if (!read) co_return id + ": " + trouble(read.error());
    if (!*read) co_return std::nullopt;
    const site row = std::move(**read);
    const auto domain = normalise_domain(row.domain);
    if (!domain) co_return id + ": " + trouble(domain.error());
    const auto where = choose_server(row.server_id, servers, settings.default_server);
    if (!where) co_return *domain + ": " + trouble(where.error());
    std::string text = *domain + " on " + label(*where) + ": ";
    if (!where->active) {
        in_trouble = false;
        co_return text + "would wait, the server is paused";
    }
    const auto view = co_await ports.servers.look(*where, *domain);
    if (!view) co_return text + trouble(view.error());
    const auto users = site_users_for(settings.site_user_prefix, *domain);
    in_trouble = view->exists && owner_fault(*view);
    text += server_steps(*view, users, settings.machine.keep_if_valid_for, ports.time.now().wall);
    if (settings.machine.analytics) {
        const auto found = co_await ports.statistics.find(*domain);
        text += "; " + analytics_step(found);
    }
    co_return text;
}

} // namespace

asio::awaitable<dry_run_summary> dry_run(look_ports ports, runner_settings settings, std::string site_id,
                                         std::function<void(std::string)> say) {
    dry_run_summary summary;
    const auto servers = co_await ports.queue.servers();
    if (!servers) {
        summary.queue_failure = servers.error();
        co_return summary;
    }
    summary.sees_no_server = servers->empty();
    std::vector<std::string> ids;
    if (site_id.empty()) {
        const auto rows = co_await ports.queue.pending();
        if (!rows) {
            summary.queue_failure = rows.error();
            co_return summary;
        }
        for (const auto& row : rows->rows)
            ids.push_back(row.id);
    } else {
        ids.push_back(site_id);
    }
    for (auto& id : ids) {
        bool in_trouble = false;
        auto text = co_await look_at(ports, settings, std::move(id), *servers, in_trouble);
        if (!text) {
            summary.site_not_found = !site_id.empty();
            continue;
        }
        ++summary.sites;
        summary.in_trouble += in_trouble;
        say(std::move(*text));
    }
    co_return summary;
}

} // namespace hosting
