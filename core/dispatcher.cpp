#include "core/dispatcher.hpp"

#include "core/events.hpp"
#include "core/message_text.hpp"
#include "core/poll_plan.hpp"
#include "core/progress_times.hpp"
#include "core/server_desk.hpp"
#include "core/supabase_watch.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <map>
#include <unordered_set>

namespace hosting {
namespace {

namespace asio = boost::asio;

// While sites only wait, their servers' rows are read again every so many polls.
constexpr int polls_between_servers = 6;

scheduler_settings scheduler_settings_of(const dispatcher_settings& s) {
    return {s.limits, s.runner.machine.retry};
}

class control_loop : public dispatcher {
public:
    control_loop(const asio::any_io_executor& executor, dispatcher_settings settings, site_ports ports)
        : executor_(executor)
        , strand_(asio::make_strand(executor))
        , wake_(ports.time.make_alarm(strand_))
        , settings_(std::move(settings))
        , ports_(ports)
        , scheduler_(scheduler_settings_of(settings_))
        , desk_(strand_, scheduler_, ports_, settings_.orders_per_server_per_3h, [this] { wake_->ring(); })
        , plan_(settings_.poll_interval) {}

    asio::awaitable<dispatcher_summary> run(dispatcher_task task) override {
        return asio::co_spawn(strand_, loop(std::move(task)), asio::use_awaitable);
    }

    void stop() override {
        asio::post(strand_, [this] {
            stopping_ = true;
            desk_.stop();
            wake_->ring();
        });
    }

    void poll_now() override {
        asio::post(strand_, [this] {
            // The rows of a poll that is under way may have been read already.
            if (polling_) poll_again_ = true;
            next_poll_ = now().steady;
            wake_->ring();
        });
    }

    void request(std::string site_id) override {
        asio::co_spawn(strand_, take_request(std::move(site_id)), [](const std::exception_ptr& broken) {
            if (broken) std::rethrow_exception(broken);
        });
    }

    asio::awaitable<service_status> status() override {
        return asio::co_spawn(strand_, look(), asio::use_awaitable);
    }

    void reconfigure(dispatcher_settings settings) override {
        asio::post(strand_, [this, s = std::move(settings)] {
            settings_ = s;
            scheduler_.set_settings(scheduler_settings_of(s));
            desk_.set_limit(s.orders_per_server_per_3h);
            plan_.set_interval(s.poll_interval);
            next_poll_ = next_servers_ = now().steady;
            scheduler_.probe_all(now());
            wake_->ring();
        });
    }

private:
    asio::awaitable<dispatcher_summary> loop(dispatcher_task task) {
        task_ = std::move(task);
        co_await remember();
        next_poll_ = now().steady;
        for (;;) {
            give_back_idle();
            if (wants_poll()) begin_poll();
            start_sites();
            if (is_over()) break;
            due_ = next_event();
            co_await wake_->wait_until(*due_);
            due_.reset();
        }
        summary_.stopped = stopping_;
        summary_.waiting = scheduler_.waiting();
        for (auto& [id, site] : given_back_)
            summary_.waiting.push_back(std::move(site));
        co_await ports_.store.flush();
        if (ports_.shared) co_await ports_.shared->leave();
        co_return std::move(summary_);
    }

    // What earlier lives left. That there is nothing, or that it cannot be read, is said by the store.
    asio::awaitable<void> remember() {
        auto loaded = co_await ports_.store.load();
        memories known;
        if (loaded) known = std::move(*loaded);
        for (const auto& site : known.sites)
            kept_.insert(site.site_id);
        recall(std::move(known.servers));
        desk_.restore(std::move(known.orders), known.first_order_id);
        scheduler_.restore(std::move(known.sites), known.incidents, now());
    }

    // A queue that is shared has its id from the first answer on, and another one if it is made anew.
    void recall(std::vector<server_facts> servers) {
        const auto id = ports_.store.installation_id();
        if (servers.empty() && installation_ == id) return;
        installation_ = id;
        ports_.servers.recall(std::move(servers), id);
    }

    moment now() { return ports_.time.now(); }

    bool wants_poll() { return !stopping_ && !polling_ && polls_on() && now().steady >= next_poll_; }

    // With once, one poll shows all rows; claims go on while they may bring another.
    bool polls_on() {
        if (!task_.once || !polled_) return true;
        if (!ports_.shared || !task_.site_id.empty()) return false;
        const auto soon = now().steady + task_.patience;
        return more_rows_ || std::ranges::any_of(given_back_, [&](const auto& site) {
                   return site.second.next_attempt <= soon;
               });
    }

    // Asked after start_sites(): where nothing runs, nothing can be started now.
    bool is_over() {
        if (scheduler_.counts().running > 0 || polling_) return false;
        if (stopping_) return true;
        if (!task_.once || polls_on()) return false;
        const auto wake = scheduler_.next_wakeup();
        return !wake || *wake > now().steady + task_.patience;
    }

    steady_time next_event() {
        auto when = steady_time::max();
        if (stopping_) return when;
        if (!polling_ && polls_on()) when = next_poll_;
        if (const auto wake = scheduler_.next_wakeup(); wake && may_start()) when = std::min(when, *wake);
        return when;
    }

    // Beside everything else: sites start and end while a slow Supabase is asked.
    void begin_poll() {
        polling_ = true;
        asio::co_spawn(strand_, poll(), [this](const std::exception_ptr& broken) {
            polling_ = false;
            if (broken) supabase_away({errc::internal, text_of(broken)});
            if (std::exchange(poll_again_, false)) next_poll_ = now().steady;
            if (task_.polled) task_.polled();
            wake_->ring();
        });
    }

    asio::awaitable<void> poll() {
        const auto failed = co_await read_rows();
        const bool first = !std::exchange(polled_, true);
        ports_.figures.poll_ended(!failed);
        if (failed) {
            if (first && task_.once)
                summary_.queue_failure = *failed;
            else
                supabase_away(*failed);
            co_return;
        }
        last_poll_ = now().wall;
        if (const auto line = watch_.answered(now())) {
            ports_.journal.write(line->level, line->text, {about(event::supabase_back)});
            scheduler_.supabase_is_back(now());
        }
        next_poll_ = now().steady + settings_.poll_interval;
    }

    asio::awaitable<std::optional<failure>> read_rows() {
        scheduler_.poll_started();
        if (!task_.site_id.empty()) co_return co_await read_named_row();
        if (ports_.shared) co_return co_await claim_rows();
        const steady_time from = now().steady;
        const bool all = plan_.wants_all(from);
        auto rows = co_await read_pending(all);
        if (!rows) co_return rows.error();
        if (all) plan_.scanned(from, rows->pages, now().steady);
        if (!all && rows->complete) plan_.shrank(now().steady);
        if (wants_servers(rows->rows))
            if (auto failed = co_await read_servers()) co_return failed;
        // Without any server no row can be judged: none is touched.
        if (summary_.sees_no_server) co_return std::nullopt;
        const auto changes = scheduler_.poll_answered(std::move(rows->rows), rows->complete, now());
        for (const auto& id : changes.forgotten)
            forget(id);
        co_return std::nullopt;
    }

    asio::awaitable<result<pending_rows>> read_pending(bool all) {
        if (all) co_return co_await ports_.queue.pending();
        co_return co_await ports_.queue.newest();
    }

    asio::awaitable<std::optional<failure>> claim_rows() {
        desk_.claim_begins();
        auto wanted = demand();
        auto answer = co_await ports_.shared->claim(std::move(wanted));
        if (!answer) co_return answer.error();
        // From the answer on we are held to know of these: an order may be judged before the servers are
        // read.
        desk_.learn(std::exchange(answer->orders, {}));
        std::optional<failure> failed;
        if (wants_servers(answer->rows)) failed = co_await read_servers();
        if (failed || summary_.sees_no_server)
            for (auto& row : std::exchange(answer->rows, {}))
                ports_.shared->give_back(std::move(row.id));
        desk_.adopt(answer->incidents);
        take(std::move(*answer));
        co_return failed;
    }

    claim_demand demand() const {
        claim_demand wanted;
        wanted.room = room();
        // What waits for its turn may as well be another daemon's.
        wanted.per_server = settings_.limits.sites_in_flight_per_server;
        wanted.outage_limit = settings_.runner.machine.retry.server_outage_limit;
        return wanted;
    }

    std::size_t room() const {
        const auto counts = scheduler_.counts();
        const auto held = counts.running + counts.ready + counts.sleeping;
        return settings_.limits.sites_in_flight - std::min(held, settings_.limits.sites_in_flight);
    }

    void take(claim_answer answer) {
        const moment at = now();
        more_rows_ = answer.more;
        for (const auto& id : answer.lost)
            kept_.erase(id);
        scheduler_.lost(answer.lost);
        desk_.learn(std::move(answer.orders));
        recall(std::move(answer.servers));
        for (const auto& row : answer.rows) {
            kept_.insert(row.id);
            given_back_.erase(row.id);
            if (scheduler_.is_running(row.id)) overtaken_.insert(row.id);
        }
        scheduler_.claimed(std::move(answer.rows), std::move(answer.records), at);
        scheduler_.probe_by(answer.probes, at);
        const auto counts = scheduler_.counts();
        enough_ = (counts.running + counts.ready) / 2;
    }

    // What can do nothing here but wait for its server is anybody's, and what waits for us when we stop.
    void give_back_idle() {
        if (!ports_.shared) return;
        if (stopping_ && task_.once)
            for (auto& site : scheduler_.waiting())
                given_back_.insert_or_assign(site.id, site);
        for (auto& id : stopping_ ? scheduler_.take_waiting() : scheduler_.take_idle(now())) {
            kept_.erase(id);
            ports_.shared->give_back(std::move(id));
        }
    }

    // Reading the servers at first tells "no work" from "a key without rights": both look the same in
    // `sites`.
    bool wants_servers(const std::vector<pending_site>& rows) {
        if (!desk_.servers() || scheduler_.counts().running > 0) return true;
        if (!rows.empty() && now().steady >= next_servers_) return true;
        return std::ranges::any_of(rows, [&](const pending_site& r) { return !scheduler_.knows(r.id); });
    }

    static pending_site request_for(const site& row) {
        return {row.id, row.domain, row.server_id.value_or(""), {}};
    }

    asio::awaitable<std::optional<failure>> read_named_row() {
        auto row = co_await named_row(task_.site_id);
        if (!row) co_return row.error();
        if (auto failed = co_await read_servers()) co_return failed;
        if (summary_.sees_no_server) co_return std::nullopt;
        if (!*row) {
            summary_.site_not_found = true;
            co_return std::nullopt;
        }
        scheduler_.request(request_for(**row), now());
        co_return std::nullopt;
    }

    // nullopt: there is none, or another daemon works on it.
    asio::awaitable<result<std::optional<site>>> named_row(std::string site_id) {
        auto row = co_await ports_.queue.read(site_id);
        if (!row || !*row || !ports_.shared) co_return row;
        claim_demand wanted = demand();
        wanted.only = site_id;
        auto answer = co_await ports_.shared->claim(std::move(wanted));
        if (!answer) co_return answer.error();
        const bool ours = !answer->rows.empty() || ports_.shared->held(site_id);
        take(std::move(*answer));
        if (!ours) row = std::optional<site>();
        co_return row;
    }

    asio::awaitable<std::optional<failure>> read_servers() {
        const wall_time as_of = now().wall;
        auto servers = co_await ports_.queue.servers();
        if (!servers) co_return servers.error();
        next_servers_ = now().steady + polls_between_servers * settings_.poll_interval;
        summary_.sees_no_server = servers->empty();
        if (!servers->empty()) {
            desk_.set_servers(std::move(*servers), settings_.runner.default_server, as_of);
            co_return std::nullopt;
        }
        // What was known is kept: without any server no row can be judged.
        next_servers_ = now().steady;
        if (!task_.once && !std::exchange(warned_no_server_, true))
            ports_.journal.write(log_level::warning, no_server_sentence);
        co_return std::nullopt;
    }

    // While Supabase is away no row can be read: the polls find out when it is back.
    bool may_start() const { return !stopping_ && desk_.servers() && !watch_.is_away(); }

    void start_sites() {
        if (!may_start()) return;
        while (auto start = scheduler_.next(now())) {
            site_job job{std::move(*start), desk_.servers()};
            started which{job.start.id, {job.start.domain, job.start.server_id}};
            // A strand for each site: its machine needs no lock whatever the number of threads. Its end is
            // posted, so that it comes behind what the run told the desk.
            asio::co_spawn(asio::make_strand(executor_),
                           run_site(ports_, desk_, settings_.runner, std::move(job)),
                           [this, which = std::move(which)](const std::exception_ptr& broken, run_end end) {
                               asio::post(strand_, [this, which, broken, e = std::move(end)] {
                                   ended(which, broken, e);
                               });
                           });
        }
    }

    struct started {
        std::string id;
        scheduler::again::request row; // as it was last seen
    };

    void ended(const started& which, const std::exception_ptr& broken, const run_end& end) {
        const std::string& id = which.id;
        if (broken) return broke(id, broken);
        if (end.analytics) note_analytics(*end.analytics);
        switch (end.what) {
        case run_end::kind::active:
            ++summary_.active;
            last_success_ = now().wall;
            done(id);
            break;
        case run_end::kind::failed:
        case run_end::kind::left_active:
            ++summary_.failed;
            done(id);
            break;
        case run_end::kind::row_changed: done(id); break;
        case run_end::kind::interrupted:
        case run_end::kind::retry:
            const moment at = now();
            const steady_time when = at.steady + end.delay;
            const auto row = end.row.value_or(which.row);
            site_record record{id, row.domain, row.server_id, to_wall(when, at), to_wall(end.progress, at)};
            if (ports_.shared) {
                give_back(std::move(record), end, when);
                break;
            }
            scheduler_.finished(id, scheduler::again{when, end.progress, row}, at);
            keep(std::move(record));
            break;
        }
        // Many rows were done at once: others may be claimed before the next poll is due.
        if (ports_.shared && more_rows_ && scheduler_.counts().running + scheduler_.counts().ready <= enough_)
            next_poll_ = std::min(next_poll_, now().steady);
        wake_->ring();
    }

    void give_back(site_record record, const run_end& end, steady_time when) {
        const std::string id = record.site_id;
        scheduler_.finished(id, std::nullopt, now());
        kept_.erase(id);
        if (task_.once) {
            waiting_site waiting{id, end.domain, when, false, std::nullopt};
            if (end.why) waiting.cause = end.why->code;
            given_back_.insert_or_assign(id, std::move(waiting));
        }
        // What a run knows that had lost the row in between is not the newest.
        const bool overtaken = overtaken_.erase(id) > 0;
        if (overtaken || record.progress == progress_in<wall_time>{})
            ports_.shared->give_back(id);
        else
            ports_.store.keep(std::move(record));
    }

    asio::awaitable<void> take_request(std::string site_id) {
        if (stopping_) co_return;
        const log_field which{"SITE_ID", plain_text(site_id, 80)};
        const auto row = co_await named_row(site_id);
        if (!row) {
            ports_.journal.write(log_level::warning,
                                 "the row that was asked for cannot be read: " + row.error().detail, {which});
        } else if (!*row) {
            ports_.journal.write(log_level::warning,
                                 ports_.shared ? "there is no row with the id that was asked for, or another "
                                                 "daemon works on it"
                                               : "there is no row with the id that was asked for",
                                 {which});
        } else {
            scheduler_.request(request_for(**row), now());
            wake_->ring();
        }
    }

    asio::awaitable<service_status> look() {
        const moment at = now();
        service_status s;
        s.sites = scheduler_.counts();
        s.active = summary_.active;
        s.failed = summary_.failed;
        s.stopping = stopping_;
        s.supabase_away = watch_.is_away();
        s.last_poll = last_poll_;
        s.last_success = last_success_;
        if (const auto since = scheduler_.oldest()) s.oldest_pending = whole(at.steady - *since);
        if (due_ && *due_ < at.steady) s.late = whole(at.steady - *due_);
        s.servers = desk_.status();
        co_return s;
    }

    static std::chrono::milliseconds whole(steady_time::duration d) {
        return std::chrono::duration_cast<std::chrono::milliseconds>(d);
    }

    // What a person must mend at Matomo is one line, not one of each site's.
    void note_analytics(const result<void>& how) {
        if (how) {
            if (std::exchange(analytics_trouble_, std::nullopt))
                ports_.journal.write(log_level::info, "Matomo can be used again");
            return;
        }
        const failure why = how.error();
        if (class_of(why.code) != failure_class::needs_operator || analytics_trouble_ == why.code) return;
        analytics_trouble_ = why.code;
        ports_.journal.write(log_level::warning,
                             "Matomo is left in peace, sites become active without it: " + why.detail,
                             {about(event::matomo_unavailable)});
    }

    void done(const std::string& id) {
        overtaken_.erase(id);
        scheduler_.finished(id, std::nullopt, now());
        forget(id);
    }

    void keep(site_record record) {
        if (record.progress == progress_in<wall_time>{}) return; // nothing happened to it yet
        kept_.insert(record.site_id);
        ports_.store.keep(std::move(record));
    }

    void forget(const std::string& id) {
        if (kept_.erase(id) > 0) ports_.store.forget_site(id);
    }

    // A bug of ours must not take the other sites down with it: the site is tried again, slowly.
    void broke(const std::string& id, const std::exception_ptr& broken) {
        ports_.journal.write(log_level::error, "working on a site ended in an exception: " + text_of(broken),
                             {{"SITE_ID", id}, {"ERROR_CODE", std::string(code_name(errc::internal))}});
        const auto when = now().steady + settings_.runner.machine.retry.max_delay;
        overtaken_.erase(id);
        // A row that is shared is kept: who gets it next would break, too.
        scheduler_.finished(id, scheduler::again{when, std::nullopt}, now());
        wake_->ring();
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
        const auto line = watch_.failed(why, settings_.poll_interval, now());
        next_poll_ = watch_.next_poll();
        if (line) ports_.journal.write(line->level, line->text, {about(event::supabase_unreachable)});
    }

    asio::any_io_executor executor_;
    asio::strand<asio::any_io_executor> strand_;
    std::unique_ptr<alarm> wake_;
    dispatcher_settings settings_;
    site_ports ports_;
    dispatcher_task task_;
    scheduler scheduler_;
    server_desk desk_;
    poll_plan plan_;
    supabase_watch watch_;
    dispatcher_summary summary_;
    std::optional<std::string> installation_; // what the servers are told
    std::optional<errc> analytics_trouble_;   // that a line was written about
    std::unordered_set<std::string> kept_;    // ids of which the store has a record
    std::optional<wall_time> last_poll_;
    std::optional<wall_time> last_success_;
    // Rows that were lost and claimed again while they ran.
    std::unordered_set<std::string> overtaken_;
    // With once, of rows that are shared: who waits for the next attempt, by id.
    std::map<std::string, waiting_site> given_back_;
    std::size_t enough_ = 0;         // rows that are held; with fewer, more are claimed
    bool more_rows_ = false;         // there are some to claim
    std::optional<steady_time> due_; // while nothing is: when something will be
    steady_time next_poll_;
    steady_time next_servers_;
    bool stopping_ = false;
    bool polling_ = false;
    bool poll_again_ = false; // at once, when the present one ends
    bool polled_ = false;
    bool warned_no_server_ = false;
};

} // namespace

std::unique_ptr<dispatcher> make_dispatcher(asio::any_io_executor executor, dispatcher_settings settings,
                                            site_ports ports) {
    return std::make_unique<control_loop>(executor, std::move(settings), ports);
}

} // namespace hosting
