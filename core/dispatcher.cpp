#include "core/dispatcher.hpp"

#include "core/message_text.hpp"
#include "core/server_choice.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>

namespace hosting {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds longest_poll_pause{60'000}; // while Supabase is away

class control_loop : public dispatcher {
public:
    control_loop(const asio::any_io_executor& executor, dispatcher_settings settings, site_ports ports)
        : executor_(executor)
        , strand_(asio::make_strand(executor))
        , wake_(strand_)
        , settings_(std::move(settings))
        , ports_(ports)
        , scheduler_(settings_.limits) {}

    asio::awaitable<dispatcher_summary> run(dispatcher_task task) override {
        return asio::co_spawn(strand_, loop(std::move(task)), asio::use_awaitable);
    }

    void stop() override {
        stopping_->store(true);
        asio::post(strand_, [this] { nudge(); });
    }

private:
    asio::awaitable<dispatcher_summary> loop(dispatcher_task task) {
        task_ = std::move(task);
        next_poll_ = steady_clock::now();
        for (;;) {
            if (wants_poll()) begin_poll();
            start_sites();
            if (is_over()) break;
            wake_.expires_at(next_event());
            if (!nudged_) co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
            nudged_ = false;
        }
        summary_.stopped = stopping();
        summary_.waiting = scheduler_.waiting();
        co_return std::move(summary_);
    }

    void nudge() {
        nudged_ = true;
        wake_.cancel();
    }

    bool stopping() const { return stopping_->load(std::memory_order_relaxed); }
    bool wants_poll() const {
        return !stopping() && !polling_ && !(task_.once && polled_) && steady_clock::now() >= next_poll_;
    }

    // Asked after start_sites(): where nothing runs, nothing can be started now.
    bool is_over() const {
        if (scheduler_.counts().running > 0 || polling_) return false;
        if (stopping()) return true;
        if (!task_.once || !polled_) return false;
        const auto wake = scheduler_.next_wakeup();
        return !wake || *wake > steady_clock::now() + task_.patience;
    }

    steady_clock::time_point next_event() const {
        auto when = steady_clock::time_point::max();
        if (stopping()) return when;
        if (!polling_ && !(task_.once && polled_)) when = next_poll_;
        if (const auto wake = scheduler_.next_wakeup()) when = std::min(when, *wake);
        return when;
    }

    // Beside everything else: sites start and end while a slow Supabase is asked.
    void begin_poll() {
        polling_ = true;
        asio::co_spawn(strand_, poll(), [this](const std::exception_ptr& broken) {
            polling_ = false;
            if (broken) supabase_away({errc::internal, text_of(broken)});
            nudge();
        });
    }

    asio::awaitable<void> poll() {
        const auto failed = co_await read_rows();
        const bool first = !std::exchange(polled_, true);
        if (failed) {
            if (first && task_.once)
                summary_.queue_failure = *failed;
            else
                supabase_away(*failed);
            co_return;
        }
        supabase_back();
        next_poll_ = steady_clock::now() + settings_.poll_interval;
    }

    asio::awaitable<std::optional<failure>> read_rows() {
        scheduler_.poll_started();
        if (!task_.site_id.empty()) co_return co_await read_named_row();
        auto rows = co_await ports_.queue.pending();
        if (!rows) co_return rows.error();
        // Reading the servers tells "no work" from "a key without rights": both look the same in `sites`.
        if (!rows->empty() || !servers_)
            if (auto failed = co_await read_servers()) co_return failed;
        // Without any server no row can be judged: none is touched.
        if (!summary_.sees_no_server) scheduler_.poll_answered(std::move(*rows));
        co_return std::nullopt;
    }

    asio::awaitable<std::optional<failure>> read_named_row() {
        auto row = co_await ports_.queue.read(task_.site_id);
        if (!row) co_return row.error();
        if (auto failed = co_await read_servers()) co_return failed;
        if (summary_.sees_no_server) co_return std::nullopt;
        if (!*row) {
            summary_.site_not_found = true;
            co_return std::nullopt;
        }
        pending_site named{(*row)->id, (*row)->domain, (*row)->server_id.value_or(""), {}};
        scheduler_.request(std::move(named));
        co_return std::nullopt;
    }

    asio::awaitable<std::optional<failure>> read_servers() {
        auto servers = co_await ports_.queue.servers();
        if (!servers) co_return servers.error();
        summary_.sees_no_server = servers->empty();
        if (servers->empty()) {
            if (!task_.once && !std::exchange(warned_no_server_, true))
                ports_.journal.write(log_level::warning, no_server_sentence);
            co_return std::nullopt; // what was known is kept: without any server no row can be judged
        }
        std::set<std::string> paused;
        for (const auto& s : *servers)
            if (!s.active) paused.insert(s.id);
        // Rows that name no server stand together.
        const auto usual = choose_server(std::nullopt, *servers, settings_.runner.default_server);
        if (usual && !usual->active) paused.insert("");
        note_paused(*servers);
        scheduler_.set_paused(std::move(paused));
        servers_ = std::make_shared<const std::vector<server>>(std::move(*servers));
        co_return std::nullopt;
    }

    // One line when a server is paused, one when it goes on.
    void note_paused(const std::vector<server>& servers) {
        for (const auto& s : servers) {
            const bool known = paused_.contains(s.id);
            if (!s.active && !known) {
                paused_.insert(s.id);
                ports_.journal.write(log_level::info,
                                     "the server is paused (is_active is false): its sites wait",
                                     {{"SERVER", label(s)}});
            } else if (s.active && known) {
                paused_.erase(s.id);
                ports_.journal.write(log_level::info, "the server is active again", {{"SERVER", label(s)}});
            }
        }
    }

    void start_sites() {
        if (stopping() || !servers_) return;
        while (auto start = scheduler_.next(steady_clock::now())) {
            std::string id = start->id;
            site_job job{std::move(*start), servers_, stopping_};
            // A strand for each site: its machine needs no lock whatever the number of threads.
            asio::co_spawn(
                asio::make_strand(executor_), run_site(ports_, settings_.runner, std::move(job)),
                asio::bind_executor(strand_, [this, id](const std::exception_ptr& broken,
                                                        const run_end& end) { ended(id, broken, end); }));
        }
    }

    void ended(const std::string& id, const std::exception_ptr& broken, const run_end& end) {
        if (broken) return broke(id, broken);
        note_server(end);
        switch (end.what) {
        case run_end::kind::active:
            ++summary_.active;
            scheduler_.finished(id, std::nullopt);
            break;
        case run_end::kind::failed:
        case run_end::kind::left_active:
            ++summary_.failed;
            scheduler_.finished(id, std::nullopt);
            break;
        case run_end::kind::row_changed: scheduler_.finished(id, std::nullopt); break;
        case run_end::kind::interrupted: again(id, steady_clock::time_point::max(), end); break;
        case run_end::kind::retry: again(id, steady_clock::now() + end.delay, end); break;
        case run_end::kind::paused:
            again(id,
                  task_.once ? steady_clock::time_point::max()
                             : steady_clock::now() + settings_.poll_interval,
                  end);
            break;
        }
        nudge();
    }

    void again(const std::string& id, steady_clock::time_point when, const run_end& end) {
        scheduler_.finished(id, scheduler::again{when, end.progress});
    }

    // A server whose sites wait because of it is one line, and one when it is of use again.
    void note_server(const run_end& end) {
        if (end.server.empty()) return;
        const bool waits = end.what == run_end::kind::retry && end.why &&
                           class_of(end.why->code) == failure_class::snooze &&
                           end.progress.at != stage::report;
        if (waits && troubled_.insert(end.server).second) {
            ports_.journal.write(
                log_level::warning, "the server cannot be used now, its sites wait: " + end.why->detail,
                {{"SERVER", end.server}, {"ERROR_CODE", std::string(code_name(end.why->code))}});
        } else if (end.what == run_end::kind::active && troubled_.erase(end.server) > 0) {
            ports_.journal.write(log_level::info, "the server can be used again", {{"SERVER", end.server}});
        }
    }

    // A bug of ours must not take the other sites down with it: the site is tried again, slowly.
    void broke(const std::string& id, const std::exception_ptr& broken) {
        ports_.journal.write(log_level::error, "working on a site ended in an exception: " + text_of(broken),
                             {{"SITE_ID", id}, {"ERROR_CODE", std::string(code_name(errc::internal))}});
        const auto when = steady_clock::now() + settings_.runner.machine.retry.max_delay;
        scheduler_.finished(id, scheduler::again{when, std::nullopt});
        nudge();
    }

    static std::string text_of(const std::exception_ptr& broken) {
        try {
            std::rethrow_exception(broken);
        } catch (const std::exception& e) {
            return e.what();
        } catch (...) {
            return "of an unknown kind";
        }
    }

    void supabase_away(const failure& why) {
        const bool first = !away_since_;
        if (first) away_since_ = steady_clock::now();
        poll_pause_ = first
                          ? settings_.poll_interval
                          : std::min(poll_pause_ * 2, std::max(longest_poll_pause, settings_.poll_interval));
        next_poll_ = steady_clock::now() + poll_pause_;
        if (!first && away_because_ == why.code) return;
        away_because_ = why.code;
        const bool operators = class_of(why.code) == failure_class::needs_operator;
        ports_.journal.write(operators ? log_level::error : log_level::warning,
                             "Supabase cannot be used, it is tried again and again: " + why.detail);
    }

    void supabase_back() {
        if (!away_since_) return;
        const auto away =
            std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - *away_since_);
        away_since_.reset();
        ports_.journal.write(log_level::info, "Supabase is back after " + duration_text(away));
    }

    asio::any_io_executor executor_;
    asio::strand<asio::any_io_executor> strand_;
    asio::steady_timer wake_;
    dispatcher_settings settings_;
    site_ports ports_;
    dispatcher_task task_;
    scheduler scheduler_;
    dispatcher_summary summary_;
    std::shared_ptr<const std::vector<server>> servers_;
    std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
    std::set<std::string> paused_;   // that a line was written about
    std::set<std::string> troubled_; // servers whose sites wait because of them, by label
    std::optional<steady_clock::time_point> away_since_;
    errc away_because_ = errc::internal;
    std::chrono::milliseconds poll_pause_{};
    steady_clock::time_point next_poll_;
    bool polling_ = false;
    bool polled_ = false;
    bool nudged_ = false; // something ended since the loop last looked
    bool warned_no_server_ = false;
};

} // namespace

std::unique_ptr<dispatcher> make_dispatcher(asio::any_io_executor executor, dispatcher_settings settings,
                                            site_ports ports) {
    return std::make_unique<control_loop>(executor, std::move(settings), ports);
}

} // namespace hosting
