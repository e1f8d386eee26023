#include "daemon/service.hpp"

#include "adapters/cloudpanel/cloudpanel.hpp"
#include "adapters/dns/resolver.hpp"
#include "adapters/matomo/matomo.hpp"
#include "adapters/ssh/client.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/dispatcher.hpp"
#include "core/dry_run.hpp"
#include "core/message_text.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace hosting {
namespace {

namespace asio = boost::asio;

runner_settings runner_settings_of(const configuration& c) {
    runner_settings s;
    s.machine.retry = {static_cast<unsigned>(c.retry.max_attempts), c.retry.first_delay, c.retry.max_delay,
                       c.certificates.give_up_after, c.retry.server_outage_limit};
    s.machine.keep_if_valid_for =
        std::chrono::duration_cast<std::chrono::seconds>(c.certificates.keep_if_valid_for);
    s.machine.analytics = c.matomo.enabled;
    s.site_user_prefix = c.cloudpanel.site_user_prefix;
    s.default_server = c.cloudpanel.default_server;
    return s;
}

dispatcher_settings dispatcher_settings_of(const configuration& c) {
    dispatcher_settings s;
    s.poll_interval = c.supabase.poll_interval;
    s.limits = {static_cast<std::size_t>(c.daemon.max_sites_in_flight),
                static_cast<std::size_t>(c.ssh.channels_per_server)};
    s.runner = runner_settings_of(c);
    return s;
}

http::settings supabase_http(const configuration& c) {
    http::settings s;
    s.ca_file = c.supabase.ca_file;
    s.timeout = c.supabase.request_timeout;
    return s;
}

http::settings matomo_http(const configuration& c) {
    http::settings s;
    s.timeout = c.matomo.timeout;
    return s;
}

ssh::settings ssh_settings_of(const configuration& c, bool dry_run) {
    ssh::settings s;
    s.accept_new_host_keys = c.ssh.host_keys == "accept-new";
    s.remember_host_keys = !dry_run;
    s.known_hosts = c.ssh.known_hosts;
    s.connect_timeout = c.ssh.connect_timeout;
    s.channels_per_server = static_cast<std::size_t>(c.ssh.channels_per_server);
    s.keepalive = c.ssh.keepalive;
    s.idle_close = c.ssh.idle_close;
    return s;
}

cloudpanel::settings cloudpanel_settings_of(const configuration& c) {
    const auto whole = [](std::chrono::milliseconds d) { return std::chrono::ceil<std::chrono::seconds>(d); };
    return {whole(c.cloudpanel.site_add_timeout), whole(c.cloudpanel.certificate_timeout),
            c.supabase.poll_interval};
}

matomo::credentials_source matomo_credentials(const configuration& c, supabase::hub& hub) {
    if (!c.matomo.url.empty())
        return [fixed = matomo::credentials{c.matomo.url, c.matomo.token}]()
                   -> asio::awaitable<result<std::optional<matomo::credentials>>> { co_return fixed; };
    return [&hub]() -> asio::awaitable<result<std::optional<matomo::credentials>>> {
        auto row = co_await hub.service_credentials("matomo");
        if (!row) co_return row.error();
        if (!*row) co_return std::optional<matomo::credentials>();
        std::optional<matomo::credentials> found;
        found.emplace((*row)->url, (*row)->token);
        co_return found;
    };
}

class service {
public:
    service(const configuration& config, const command_line& line, log& journal,
            std::unique_ptr<http::client> supabase_client, std::unique_ptr<http::client> matomo_client,
            asio::io_context& io, resolver& names)
        : config_(config)
        , line_(line)
        , journal_(journal)
        , io_(io)
        , supabase_client_(std::move(supabase_client))
        , matomo_client_(std::move(matomo_client))
        , signals_(io, SIGTERM, SIGINT)
        , drain_(io)
        , hub_(supabase::make_hub({*http::parse_url(config.supabase.url), config.supabase.service_key,
                                   static_cast<std::size_t>(config.supabase.page_size)},
                                  *supabase_client_))
        , sessions_(ssh::make_pool(io.get_executor(), ssh_settings_of(config, line.dry_run), names, journal))
        , servers_(
              cloudpanel::make_hosts(io.get_executor(), cloudpanel_settings_of(config), *sessions_,
                                     [this](std::string id) { return hub_->private_key(std::move(id)); }))
        , statistics_(
              matomo::make_analytics(io.get_executor(), *matomo_client_, matomo_credentials(config, *hub_)))
        , ports_{*hub_, *servers_, *statistics_, journal}
        , dispatcher_(make_dispatcher(io.get_executor(), dispatcher_settings_of(config), ports_)) {}

    int run() {
        asio::co_spawn(io_, watch_signals(), asio::detached);
        asio::co_spawn(io_, work(), [this](const std::exception_ptr& broken) {
            if (broken) give_up_on(broken);
        });
        std::vector<std::jthread> others;
        for (std::int64_t i = 1; i < config_.daemon.threads; ++i)
            others.emplace_back([this] { io_.run(); });
        io_.run();
        others.clear();
        return code_;
    }

private:
    asio::awaitable<void> work() {
        if (line_.dry_run)
            co_await look_only();
        else if (line_.once)
            co_await process_once();
        else
            co_await serve();
        co_await sessions_->close();
        supabase_client_->close();
        matomo_client_->close();
        io_.stop();
    }

    asio::awaitable<void> serve() {
        journal_.write(log_level::info, "hosting-automatord " HOSTING_VERSION " started");
        dispatcher_task task;
        co_await dispatcher_->run(std::move(task));
        journal_.write(log_level::info, "stopped");
    }

    asio::awaitable<void> process_once() {
        dispatcher_task task;
        task.once = true;
        task.site_id = line_.site;
        task.patience = line_.wait;
        const auto summary = co_await dispatcher_->run(std::move(task));
        code_ = tell(summary);
    }

    asio::awaitable<void> look_only() {
        std::string site = line_.site;
        std::function<void(std::string)> say = [](const std::string& text) {
            std::cout << text << std::endl;
        };
        const auto summary =
            co_await dry_run(ports_, runner_settings_of(config_), std::move(site), std::move(say));
        if (const auto code =
                queue_trouble(summary.queue_failure, summary.sees_no_server, summary.site_not_found)) {
            code_ = *code;
            co_return;
        }
        std::cout << summary.sites << " looked at, " << summary.in_trouble << " in trouble, nothing changed"
                  << std::endl;
        code_ = summary.in_trouble == 0 ? all_well : not_all_well;
    }

    int tell(const dispatcher_summary& summary) const {
        if (const auto code =
                queue_trouble(summary.queue_failure, summary.sees_no_server, summary.site_not_found))
            return *code;
        std::cout << summary.active << " active, " << summary.failed << " failed, " << summary.waiting.size()
                  << " waiting" << std::endl;
        for (const auto& w : summary.waiting)
            std::cout << "waiting: " << plain_text(w.domain, 128) << " (" << w.id << "): " << why_waiting(w)
                      << std::endl;
        const bool well = summary.failed == 0 && summary.waiting.empty() && !summary.stopped;
        return well ? all_well : not_all_well;
    }

    std::optional<int> queue_trouble(const std::optional<failure>& why, bool no_server,
                                     bool not_found) const {
        if (why) {
            journal_.write(log_level::error, "Supabase cannot be used: " + why->detail);
            return no_supabase;
        }
        if (no_server) {
            journal_.write(log_level::error, no_server_sentence);
            return no_supabase;
        }
        if (not_found) {
            journal_.write(log_level::error, "no site has the id " + plain_text(line_.site, 80));
            return not_all_well;
        }
        return std::nullopt;
    }

    static std::string why_waiting(const waiting_site& w) {
        std::string text = w.cause ? std::string(code_name(*w.cause)) : "not done";
        if (w.paused) return text + ", its server is paused";
        if (!w.next_attempt) return text;
        const auto left = std::max(*w.next_attempt - std::chrono::steady_clock::now(),
                                   std::chrono::steady_clock::duration::zero());
        return text + ", next attempt in " +
               duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(left));
    }

    asio::awaitable<void> watch_signals() {
        const auto token = asio::as_tuple(asio::use_awaitable);
        auto [failed, number] = co_await signals_.async_wait(token);
        if (failed) co_return;
        journal_.write(log_level::info, "stopping: what runs now may end within " +
                                            duration_text(config_.daemon.drain_timeout));
        if (line_.dry_run) give_up("nothing was changed");
        dispatcher_->stop();
        servers_->stop();
        drain_.expires_after(config_.daemon.drain_timeout);
        drain_.async_wait([this](boost::system::error_code cancelled) {
            if (!cancelled) give_up("what still ran did not end in time");
        });
        auto [again_failed, again] = co_await signals_.async_wait(token);
        if (!again_failed) give_up("told to stop a second time");
    }

    [[noreturn]] void give_up_on(const std::exception_ptr& broken) {
        try {
            std::rethrow_exception(broken);
        } catch (const std::exception& e) {
            give_up(std::string("an error of the program's own: ") + e.what());
        }
    }

    [[noreturn]] void give_up(const std::string& why) {
        journal_.write(log_level::warning, "ending at once: " + why + "; it is taken up again from the rows");
        // Without destructors: commands are still under way, and nothing of theirs needs us.
        std::_Exit(not_all_well);
    }

    const configuration& config_;
    const command_line& line_;
    log& journal_;
    asio::io_context& io_;
    std::unique_ptr<http::client> supabase_client_;
    std::unique_ptr<http::client> matomo_client_;
    asio::signal_set signals_;
    asio::steady_timer drain_;
    std::unique_ptr<supabase::hub> hub_;
    std::unique_ptr<ssh::pool> sessions_;
    std::unique_ptr<hosts> servers_;
    std::unique_ptr<analytics> statistics_;
    site_ports ports_;
    std::unique_ptr<dispatcher> dispatcher_;
    int code_ = all_well;
};

} // namespace

int run_service(const configuration& config, const command_line& line, log& journal) {
    asio::io_context io(static_cast<int>(config.daemon.threads));
    const auto names = dns::make_resolver(io.get_executor());
    auto supabase_client = http::make_client(io.get_executor(), supabase_http(config), *names);
    auto matomo_client = http::make_client(io.get_executor(), matomo_http(config), *names);
    for (const auto* client : {&supabase_client, &matomo_client})
        if (!*client) {
            journal.write(log_level::error, client->error().detail);
            return wrong_usage;
        }
    service everything(config, line, journal, std::move(*supabase_client), std::move(*matomo_client), io,
                       *names);
    return everything.run();
}

} // namespace hosting
