#include "daemon/service.hpp"

#include "adapters/clock/system_clock.hpp"
#include "adapters/cloudpanel/cloudpanel.hpp"
#include "adapters/dns/resolver.hpp"
#include "adapters/matomo/matomo.hpp"
#include "adapters/metrics/metrics.hpp"
#include "adapters/ssh/client.hpp"
#include "adapters/store/store.hpp"
#include "adapters/supabase/supabase.hpp"
#include "core/dispatcher.hpp"
#include "core/dry_run.hpp"
#include "core/events.hpp"
#include "core/message_text.hpp"
#include "daemon/endpoint/endpoint.hpp"
#include "daemon/matomo_credentials.hpp"
#include "daemon/progress.hpp"
#include "daemon/queue_mode.hpp"
#include "daemon/reload.hpp"
#include "daemon/settings.hpp"
#include "daemon/supervision.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

namespace hosting {
namespace {

namespace asio = boost::asio;

class service {
public:
    service(configuration config, const command_line& line, service_log& journal,
            std::function<loaded_configuration()> read_again, std::unique_ptr<http::client> supabase_client,
            std::unique_ptr<http::client> matomo_client, asio::io_context& io, resolver& names)
        : config_(std::move(config))
        , line_(line)
        , journal_(journal)
        , read_again_(std::move(read_again))
        , io_(io)
        , supabase_client_(std::move(supabase_client))
        , matomo_client_(std::move(matomo_client))
        , stop_signals_(io, SIGTERM, SIGINT)
        , reload_signals_(io, SIGHUP)
        , drain_(io)
        , time_(make_system_clock())
        , figures_(metrics::make_figures())
        , hub_(supabase::make_hub(supabase_settings_of(config_), *supabase_client_))
        , sessions_(ssh::make_pool(io.get_executor(), ssh_settings_of(config_, line.dry_run), names, journal))
        , servers_(cloudpanel::make_panels(
              io.get_executor(), cloudpanel_settings_of(config_), *sessions_,
              [this](std::string id) { return hub_->private_key(std::move(id)); },
              [this](server_facts facts) {
                  if (memory* store = shared_ ? &shared_->store() : store_.get())
                      store->keep(std::move(facts));
              },
              journal))
        , statistics_(matomo::make_analytics(io.get_executor(), *matomo_client_,
                                             matomo_credentials(config_, *hub_))) {
        // A look that changes nothing needs no memory, and may go on beside the daemon.
        if (line.dry_run) return;
        dispatcher_ = make_dispatcher(io.get_executor(), dispatcher_settings_of(config_), ports(names));
        supervision_.emplace(asio::make_strand(io), *dispatcher_);
    }

    int run() {
        asio::co_spawn(io_, watch_for_stop(), asio::detached);
        asio::co_spawn(io_, watch_for_reload(), asio::detached);
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
    site_ports ports(resolver& names) {
        if (config_.is_shared()) {
            shared_ = shared_queue::make_shared_queue(io_.get_executor(), shared_queue_settings_of(config_),
                                                      *supabase_client_, *hub_, journal_);
            return {shared_->queue(), *servers_, *statistics_, journal_,        names,
                    shared_->store(), *time_,    *figures_,    &shared_->rows()};
        }
        store_ = make_store(io_.get_executor(), config_.daemon.state_dir, journal_);
        sole_queue_ = make_sole_queue(*hub_, [this] { return look_at_work(); });
        return {*sole_queue_, *servers_, *statistics_, journal_, names, *store_, *time_, *figures_};
    }

    asio::awaitable<result<std::optional<shared_queue::work_view>>> look_at_work() {
        return shared_queue::look_at_work(supabase_settings_of(config_), *supabase_client_);
    }

    asio::awaitable<void> work() {
        if (line_.dry_run)
            co_await look_only();
        else
            co_await do_the_work();
        co_await sessions_->close();
        supabase_client_->close();
        matomo_client_->close();
        io_.stop();
    }

    asio::awaitable<void> do_the_work() {
        const bool fits = co_await fits_the_queue();
        if (!fits) co_return;
        if (line_.once)
            co_await process_once();
        else
            co_await serve();
    }

    // What cannot be asked now is asked again by the polls.
    asio::awaitable<bool> fits_the_queue() {
        const auto seen = co_await look_at_work();
        if (!seen) co_return true;
        const auto why = misfit(config_.is_shared(), *seen);
        if (!why) co_return true;
        journal_.write(log_level::error, why->detail);
        code_ = wrong_usage;
        co_return false;
    }

    asio::awaitable<void> serve() {
        journal_.write(log_level::info, "hosting-automatord " HOSTING_VERSION " started",
                       {about(event::started)});
        asio::co_spawn(supervision_->strand(), supervision_->run(), asio::detached);
        const auto endpoint =
            endpoint::make_server(io_.get_executor(), endpoint_settings_of(config_), endpoint_surroundings());
        endpoint->start();
        dispatcher_task task;
        task.polled = [this] { asio::post(supervision_->strand(), [this] { supervision_->polled(); }); };
        co_await dispatcher_->run(std::move(task));
        co_await endpoint->stop();
        journal_.write(log_level::info, "stopped");
    }

    endpoint::surroundings endpoint_surroundings() {
        auto figures = [this](const service_status& now) {
            const auto ssh = sessions_->count();
            return figures_->text(now, {ssh.connects, ssh.connecting, ssh.connected});
        };
        return {*dispatcher_, std::move(figures), journal_};
    }

    asio::awaitable<void> process_once() {
        dispatcher_task task;
        task.once = true;
        task.site_id = line_.site;
        task.patience = line_.wait;
        auto shown = std::make_shared<progress>(asio::make_strand(io_), *dispatcher_);
        asio::co_spawn(shown->strand(), shown->run(), [shown](const std::exception_ptr&) {});
        const auto summary = co_await dispatcher_->run(std::move(task));
        auto ending = asio::co_spawn(shown->strand(), end_of(*shown), asio::use_awaitable);
        co_await std::move(ending);
        code_ = tell(summary);
    }

    static asio::awaitable<void> end_of(progress& shown) {
        shown.end();
        co_return;
    }

    asio::awaitable<void> look_only() {
        std::string site = line_.site;
        std::function<void(std::string)> say = [](const std::string& text) {
            std::cout << text << std::endl;
        };
        const look_ports ports{*hub_, *servers_, *statistics_, *time_};
        auto settings = dispatcher_settings_of(config_).runner;
        const auto summary = co_await dry_run(ports, std::move(settings), std::move(site), std::move(say));
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

    asio::awaitable<void> watch_for_stop() {
        const auto token = asio::as_tuple(asio::use_awaitable);
        auto [failed, number] = co_await stop_signals_.async_wait(token);
        if (failed) co_return;
        journal_.write(log_level::info,
                       "stopping: what runs now may end within " +
                           duration_text(config_.daemon.drain_timeout),
                       {about(event::stopping)});
        if (supervision_) asio::post(supervision_->strand(), [this] { supervision_->stopping(); });
        if (line_.dry_run) give_up("nothing was changed");
        dispatcher_->stop();
        drain_.expires_after(config_.daemon.drain_timeout);
        drain_.async_wait([this](boost::system::error_code cancelled) {
            if (!cancelled) give_up("what still ran did not end in time");
        });
        auto [again_failed, again] = co_await stop_signals_.async_wait(token);
        if (!again_failed) give_up("told to stop a second time");
    }

    asio::awaitable<void> watch_for_reload() {
        const auto token = asio::as_tuple(asio::use_awaitable);
        for (;;) {
            auto [failed, number] = co_await reload_signals_.async_wait(token);
            if (failed) co_return;
            if (!dispatcher_) continue;
            supervision_->reloading();
            take_configuration();
            supervision_->reloaded();
        }
    }

    void take_configuration() {
        auto next = reload(config_, read_again_());
        for (const auto& mistake : next.mistakes)
            journal_.write(log_level::error, "the configuration was not reloaded: " + mistake,
                           {about(event::reload_refused)});
        if (!next.mistakes.empty()) return;
        config_ = std::move(next.value);
        journal_.set_level(config_.level());
        hub_->set_page_size(static_cast<std::size_t>(config_.supabase.page_size));
        servers_->reconfigure(cloudpanel_settings_of(config_));
        servers_->forget_refusals();
        dispatcher_->reconfigure(dispatcher_settings_of(config_));
        journal_.write(log_level::info,
                       "the configuration was reloaded" + list_of(", changed: ", next.taken) +
                           list_of("; at the next start only: ", next.at_restart),
                       {about(event::reloaded)});
    }

    static std::string list_of(std::string_view before, const std::vector<std::string>& keys) {
        std::string text;
        for (const auto& key : keys)
            text.append(text.empty() ? before : ", ").append(key);
        return text;
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

    configuration config_;
    const command_line& line_;
    service_log& journal_;
    std::function<loaded_configuration()> read_again_;
    asio::io_context& io_;
    std::unique_ptr<http::client> supabase_client_;
    std::unique_ptr<http::client> matomo_client_;
    asio::signal_set stop_signals_;
    asio::signal_set reload_signals_;
    asio::steady_timer drain_;
    std::unique_ptr<clock> time_;
    std::unique_ptr<metrics::figures> figures_;
    std::unique_ptr<supabase::hub> hub_;
    std::unique_ptr<ssh::pool> sessions_;
    std::unique_ptr<cloudpanel::panels> servers_;
    std::unique_ptr<analytics> statistics_;
    std::unique_ptr<shared_queue::shared_queue> shared_; // with queue.mode "shared"; else the two below
    std::unique_ptr<memory> store_;                      // nothing from here on with a dry run
    std::unique_ptr<site_queue> sole_queue_;
    std::unique_ptr<dispatcher> dispatcher_;
    std::optional<supervision> supervision_;
    int code_ = all_well;
};

} // namespace

int run_service(configuration config, const command_line& line, service_log& journal,
                std::function<loaded_configuration()> read_again) {
    asio::io_context io(static_cast<int>(config.daemon.threads));
    const auto names = dns::make_resolver(io.get_executor());
    auto supabase_client = http::make_client(io.get_executor(), supabase_http(config), *names);
    auto matomo_client = http::make_client(io.get_executor(), matomo_http(config), *names);
    for (const auto* client : {&supabase_client, &matomo_client})
        if (!*client) {
            journal.write(log_level::error, client->error().detail);
            return wrong_usage;
        }
    service everything(std::move(config), line, journal, std::move(read_again), std::move(*supabase_client),
                       std::move(*matomo_client), io, *names);
    return everything.run();
}

} // namespace hosting
