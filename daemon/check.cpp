#include "daemon/check.hpp"

#include "adapters/dns/resolver.hpp"
#include "adapters/http/client.hpp"
#include "adapters/ssh/library.hpp"
#include "core/dispatcher.hpp"
#include "core/server_choice.hpp"
#include "daemon/all_of.hpp"
#include "daemon/check_files.hpp"
#include "daemon/check_report.hpp"
#include "daemon/check_servers.hpp"
#include "daemon/check_tables.hpp"
#include "daemon/logging.hpp"
#include "daemon/matomo_credentials.hpp"
#include "daemon/queue_mode.hpp"
#include "daemon/settings.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iostream>

namespace hosting {
namespace {

namespace asio = boost::asio;
using enum finding::state;

constexpr const char* configuration_part = "configuration";
constexpr const char* servers_part = "servers";
constexpr const char* matomo_part = "Matomo";
constexpr const char* no_site = "hosting-automator.invalid"; // that Matomo is asked for

// What is tried over the network. On one thread.
class network_check {
public:
    network_check(const configuration& config, http::client& supabase_client, http::client& matomo_client,
                  resolver& names)
        : config_(config)
        , supabase_client_(supabase_client)
        , matomo_client_(matomo_client)
        , names_(names)
        , quiet_(make_log(log_level::error, "stderr"))
        , hub_(supabase::make_hub(supabase_settings_of(config), supabase_client)) {}

    asio::awaitable<void> run(std::vector<finding>& out) {
        std::vector<finding> servers;
        std::vector<finding> matomo;
        const auto tables =
            co_await supabase::look_at_tables(supabase_settings_of(config_), supabase_client_);
        out = judge_tables(config_.supabase.url, tables);
        const bool readable = all_is_well(out);
        if (readable) {
            const auto work =
                co_await shared_queue::look_at_work(supabase_settings_of(config_), supabase_client_);
            out.push_back(judge_queue(config_.is_shared(), work));
        }
        std::vector<asio::awaitable<void>> jobs;
        jobs.push_back(look_at_servers(tables, servers, readable));
        jobs.push_back(look_at_matomo(matomo, readable));
        co_await all_of(std::move(jobs));
        std::ranges::move(servers, std::back_inserter(out));
        std::ranges::move(matomo, std::back_inserter(out));
    }

private:
    asio::awaitable<void> look_at_servers(const std::vector<supabase::table_view>& tables,
                                          std::vector<finding>& out, bool readable) {
        if (!readable) {
            out.push_back({servers_part, note, "not tried: the Hub's tables cannot be used", ""});
            co_return;
        }
        auto rows = co_await hub_->servers();
        if (!rows) {
            out.push_back(trouble(servers_part, rows.error()));
            co_return;
        }
        if (rows->empty()) {
            out.push_back({servers_part, wrong, std::string(no_server_sentence),
                           "use the service key (not the anon one), or add a server in the Management Hub"});
            co_return;
        }
        if (auto found = check_default(tables, *rows)) out.push_back(std::move(*found));
        auto found =
            co_await check_servers(std::move(*rows), *hub_, ssh_settings_of(config_, true), names_, *quiet_);
        std::ranges::move(found, std::back_inserter(out));
    }

    // Where sites go that name no server, if that is configured, or if no site can name one.
    std::optional<finding> check_default(const std::vector<supabase::table_view>& tables,
                                         const std::vector<server>& rows) const {
        const auto& name = config_.cloudpanel.default_server;
        const bool all_need_it = std::ranges::any_of(tables, [](const supabase::table_view& t) {
            return t.table == "sites" && std::ranges::count(t.forgone, "server_id") > 0;
        });
        if (name.empty() && !all_need_it) return std::nullopt;
        const auto chosen = choose_server(std::nullopt, rows, name);
        if (!chosen)
            return trouble("default server", chosen.error(),
                           "set cloudpanel.default_server to a server's id or name");
        return finding{"default server", ok, "sites that name no server go to " + label(*chosen), ""};
    }

    asio::awaitable<void> look_at_matomo(std::vector<finding>& out, bool readable) {
        const auto& matomo = config_.matomo;
        if (!matomo.enabled) {
            out.push_back({matomo_part, ok, "turned off (matomo.enabled)", ""});
            co_return;
        }
        if (matomo.url.empty() && !readable) {
            out.push_back({matomo_part, note, "not tried: its credentials are in the Hub's tables", ""});
            co_return;
        }
        const auto statistics = matomo::make_analytics(co_await asio::this_coro::executor, matomo_client_,
                                                       matomo_credentials(config_, *hub_));
        const auto found = co_await statistics->find(no_site);
        out.push_back(judge_matomo(found));
    }

    finding judge_matomo(const result<std::optional<std::int64_t>>& found) const {
        const bool ours = !config_.matomo.url.empty();
        const std::string source = ours ? "the configuration" : "infrastructure_credentials";
        if (found) return {matomo_part, ok, "reached, and the token from " + source + " is accepted", ""};
        failure why = found.error();
        if (why.code == errc::matomo_not_configured)
            return {matomo_part, note, why.detail + ": sites become active without Matomo",
                    "set matomo.url and matomo.token, or turn matomo.enabled off"};
        return trouble(matomo_part, why);
    }

    const configuration& config_;
    http::client& supabase_client_;
    http::client& matomo_client_;
    resolver& names_;
    std::unique_ptr<service_log> quiet_;
    std::unique_ptr<supabase::hub> hub_;
};

std::vector<finding> over_the_network(const configuration& config) {
    asio::io_context io(1);
    const auto names = dns::make_resolver(io.get_executor());
    auto supabase_client = http::make_client(io.get_executor(), supabase_http(config), *names);
    auto matomo_client = http::make_client(io.get_executor(), matomo_http(config), *names);
    if (!supabase_client) return {trouble(configuration_part, supabase_client.error())};
    if (!matomo_client) return {trouble(configuration_part, matomo_client.error())};
    network_check check(config, **supabase_client, **matomo_client, *names);
    std::vector<finding> found;
    std::exception_ptr broken;
    asio::co_spawn(io, check.run(found), [&](const std::exception_ptr& why) {
        broken = why;
        io.stop();
    });
    io.run();
    if (broken) std::rethrow_exception(broken);
    return found;
}

std::vector<finding> everything(const command_line& line, const configuration& config) {
    std::vector<finding> found;
    if (const auto unfit = ssh::check_library_version())
        found.push_back({"program", wrong, *unfit, "install a newer libssh2"});
    else
        found = over_the_network(config);
    // A CA file, say, is only looked into when it is used.
    const bool good = found.empty() || found.front().part != configuration_part;
    std::vector<finding> first;
    if (good) first.push_back({configuration_part, ok, line.config.string() + " is good", ""});
    first.push_back(check_state_folder(config));
    first.push_back(check_known_hosts(config));
    found.insert(found.begin(), first.begin(), first.end());
    return found;
}

std::vector<finding> mistakes_of(const loaded_configuration& loaded) {
    std::vector<finding> found;
    for (const auto& mistake : loaded.mistakes)
        found.push_back({configuration_part, wrong, mistake, ""});
    return found;
}

} // namespace

int run_check(const command_line& line, const loaded_configuration& loaded) try {
    const bool good = loaded.mistakes.empty();
    const auto found = good ? everything(line, loaded.value) : mistakes_of(loaded);
    std::cout << (line.json ? report_json(found) : report_text(found)) << std::flush;
    const bool bad_setting = std::ranges::any_of(
        found, [](const finding& f) { return f.part == configuration_part && f.how == wrong; });
    if (bad_setting) return wrong_usage;
    return all_is_well(found) ? all_well : not_all_well;
} catch (const std::exception& e) {
    std::cerr << "hosting-automatord: ended by an error of its own: " << e.what() << '\n';
    return not_all_well;
}

} // namespace hosting
