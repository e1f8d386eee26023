#include "core/site_runner.hpp"

#include "core/budgets.hpp"
#include "core/domain_name.hpp"
#include "core/message_text.hpp"
#include "core/read_back.hpp"
#include "core/server_choice.hpp"

namespace hosting {
namespace {

namespace asio = boost::asio;

constexpr std::size_t shown_domain = 128;
constexpr std::chrono::seconds longest_address_check{10};

// What a row needs before there is work to do on a server.
struct plan {
    std::string domain; // normalised
    server where;
};

result<plan> plan_for(const site& row, const std::vector<server>& servers,
                      const std::string& default_server) {
    auto domain = normalise_domain(row.domain);
    if (!domain) return domain.error();
    auto where = choose_server(row.server_id, servers, default_server);
    if (!where) return where.error();
    return plan{std::move(*domain), std::move(*where)};
}

// A step that was begun ends, whatever happens.
class begun_step {
public:
    begun_step(clearance& desk, const server& where, const std::string& site_id)
        : desk_(desk)
        , where_(where)
        , site_id_(site_id) {}
    begun_step(const begun_step&) = delete;
    begun_step& operator=(const begun_step&) = delete;
    ~begun_step() {
        if (!ended_) desk_.end_step(where_, site_id_, failure{errc::internal, {}}, false);
    }
    template<class T>
    void ended(const result<T>& how, bool panel_worked) {
        ended_ = true;
        desk_.end_step(where_, site_id_, how ? result<void>() : result<void>(how.error()), panel_worked);
    }

private:
    clearance& desk_;
    const server& where_;
    const std::string& site_id_;
    bool ended_ = false;
};

class site_run {
public:
    site_run(site_ports ports, clearance& desk, runner_settings settings, site_job job)
        : ports_(ports)
        , desk_(desk)
        , settings_(std::move(settings))
        , job_(std::move(job))
        , progress_(std::move(job_.start.progress)) {
        end_.domain = plain_text(job_.start.domain, shown_domain);
    }

    asio::awaitable<run_end> run() {
        row_.id = job_.start.id;
        if (ports_.shared) lease_ = ports_.shared->held(row_.id);
        if (!is_mine()) co_return ended(run_end::kind::interrupted);
        auto read = co_await ports_.queue.read(row_.id);
        if (!read) co_return unreadable(read.error());
        if (!*read) co_return ended(run_end::kind::row_changed);
        row_ = std::move(**read);
        end_.row = scheduler::again::request{row_.domain, row_.server_id.value_or("")};
        if (const auto end = delivered_meanwhile()) co_return ended(*end);
        if (!is_ours()) co_return ended(run_end::kind::row_changed);
        if (is_another_request()) progress_ = {};
        auto planned = plan_for(row_, *job_.servers, settings_.default_server);
        if (planned) {
            where_ = std::move(planned->where);
            end_.domain = planned->domain;
            end_.server = label(where_);
        }
        if (planned && job_.start.what == site_start::purpose::announce) co_return co_await announce_only();
        machine_input input{
            planned ? planned->domain : std::string(),
            planned ? site_users_for(settings_.site_user_prefix, planned->domain) : site_users{}, row_};
        machine_.emplace(settings_.machine, std::move(input), std::move(progress_));
        site_action action = first_action(planned);
        write_notices();
        co_return co_await perform_all(std::move(action));
    }

private:
    site_action first_action(const result<plan>& planned) {
        // A row that nothing can be done for needs no server to be told so.
        if (!planned && !machine_->progress().undelivered) return machine_->refuse(planned.error(), now());
        if (job_.start.what == site_start::purpose::give_up)
            return machine_->give_up(*job_.start.waits_for, now());
        return machine_->start();
    }

    // Drives the machine to its end.
    asio::awaitable<run_end> perform_all(site_action action) {
        for (;;) {
            if (const auto* finish = std::get_if<do_finish>(&action)) co_return co_await finished(*finish);
            auto next = co_await perform(std::move(action));
            write_notices();
            if (!next) co_return ended(run_end::kind::interrupted);
            action = std::move(*next);
        }
    }

    // What a stage's step took and came to.
    template<class T>
    asio::awaitable<result<T>> measured(stage which, asio::awaitable<result<T>> step) {
        const auto begun = now().steady;
        auto how = co_await std::move(step);
        ports_.figures.stage_ended(which, now().steady - begun,
                                   how ? std::nullopt : std::optional(how.error().code));
        co_return how;
    }

    // The next action; nullopt: what was to be done must not be done now.
    asio::awaitable<std::optional<site_action>> perform(site_action action) {
        if (!is_mine()) co_return std::nullopt;
        if (auto* create = std::get_if<do_create_site>(&action))
            co_return co_await create_site(std::move(create->what));
        if (auto* install = std::get_if<do_install_certificate>(&action))
            co_return co_await install_certificate(std::move(install->what));
        if (std::holds_alternative<do_check_address>(action)) {
            const auto found = co_await ports_.names.resolve(end_.domain, longest_address_check);
            co_return machine_->on_address(seen_in(found), now());
        }
        if (std::holds_alternative<do_register_analytics>(action)) {
            auto registering = ports_.statistics.ensure(end_.domain);
            const auto id = co_await measured(stage::analytics, std::move(registering));
            end_.analytics = id ? result<void>() : result<void>(id.error());
            co_return machine_->on_registered(id, now());
        }
        auto& report = std::get<do_report>(action);
        if (report.what.what == outcome::kind::failed)
            end_.why = failure{machine_->progress().last.code, report.what.error_message};
        auto sent = ports_.queue.report(row_, std::move(report.what));
        const auto delivered = co_await measured(stage::report, std::move(sent));
        if (is_taken_over(delivered)) co_return std::nullopt;
        co_return machine_->on_reported(delivered, now());
    }

    // Another daemon has the row: what we wanted to do for it was refused, and nothing more is ours to do.
    template<class T>
    bool is_taken_over(const result<T>& how) {
        if (how || how.error().code != errc::lease_lost) return false;
        line(log_level::warning, "left to another daemon: " + how.error().detail, errc::lease_lost,
             std::nullopt);
        return true;
    }

    // The row is ours by the lease that this run began with. What was lost and claimed again is another
    // run's: others may have been at work in between.
    bool is_mine() const {
        if (!ports_.shared) return true;
        const auto held = ports_.shared->held(row_.id);
        return held && held == lease_;
    }

    // Gives what the server is shown, so that it can refuse us when the row is another daemon's by then.
    // False: it may be that now.
    bool take_fence(fence& shown) const {
        if (!is_mine()) return false;
        if (lease_) shown = *lease_;
        return true;
    }

    asio::awaitable<std::optional<site_action>> create_site(creation what) {
        const auto permit = co_await desk_.begin_step(where_, row_.id);
        if (permit.what == step_permit::kind::unusable) co_return machine_->on_created(*permit.why, now());
        if (permit.what != step_permit::kind::go) co_return std::nullopt;
        begun_step step(desk_, where_, row_.id);
        if (!take_fence(what.guard)) co_return std::nullopt;
        auto creating = ports_.servers.create_site(where_, std::move(what));
        const auto made = co_await measured(stage::site, std::move(creating));
        step.ended(made, made && made->what == creation_result::kind::created);
        if (is_taken_over(made)) co_return std::nullopt;
        co_return machine_->on_created(made, now());
    }

    asio::awaitable<std::optional<site_action>> install_certificate(installation what) {
        const auto number = co_await desk_.begin_order(where_, what.domain);
        if (!number) co_return machine_->on_installed(number.error(), now());
        const auto permit = co_await desk_.begin_step(where_, row_.id);
        if (permit.what != step_permit::kind::go) {
            co_await desk_.end_order(*number, order_end::not_sent, std::nullopt);
            if (permit.what != step_permit::kind::unusable) co_return std::nullopt;
            co_return machine_->on_installed(*permit.why, now());
        }
        begun_step step(desk_, where_, row_.id);
        if (!take_fence(what.guard)) {
            co_await desk_.end_order(*number, order_end::not_sent, std::nullopt);
            co_return std::nullopt;
        }
        auto installing = ports_.servers.install_certificate(where_, std::move(what));
        auto installed = co_await measured(stage::certificate, std::move(installing));
        step.ended(installed, installed && installed->what == installation_result::kind::installed);
        co_await settle(*number, installed);
        if (is_taken_over(installed)) co_return std::nullopt;
        co_return machine_->on_installed(installed, now());
    }

    // Tells what became of the order, and hears how long the next one must wait.
    asio::awaitable<void> settle(std::uint64_t number, result<installation_result>& installed) {
        if (installed) {
            const bool sent = installed->what == installation_result::kind::installed;
            const auto how = sent ? order_end::issued : order_end::not_sent;
            co_await desk_.end_order(number, how, std::nullopt);
            co_return;
        }
        failure why = installed.error();
        const auto next = co_await desk_.end_order(number, order_end_of(why.code), why.not_before);
        if (next) why.not_before = next;
        installed = std::move(why);
    }

    static address_check seen_in(const resolution& found) {
        switch (found.what) {
        case resolution::kind::found:
            return found.addresses.empty() ? address_check::none : address_check::some;
        case resolution::kind::no_such_name: return address_check::none;
        case resolution::kind::no_answer: break;
        }
        return address_check::unknown;
    }

    asio::awaitable<run_end> finished(do_finish finish) {
        switch (finish.what) {
        case do_finish::kind::active: co_return ended(run_end::kind::active);
        case do_finish::kind::failed: co_return ended(run_end::kind::failed);
        case do_finish::kind::row_changed:
            line(log_level::warning, "the row was changed in the meantime: nothing was written over it",
                 std::nullopt, event::row_changed);
            co_return ended(run_end::kind::row_changed);
        case do_finish::kind::left_active:
            line(log_level::warning, "failed, but the row says active and stays so: " + finish.why->detail,
                 finish.why->code, event::site_failed);
            end_.why = std::move(finish.why);
            co_return ended(run_end::kind::left_active);
        case do_finish::kind::retry: break;
        }
        // What the server is to blame for is the server's line, not each site's.
        const bool theirs = scope_of(finish.why->code) != failure_scope::site;
        line(theirs ? log_level::debug : log_level::info,
             "tried again in " + duration_text(finish.delay) + ": " + finish.why->detail, finish.why->code,
             theirs ? std::nullopt : std::optional(event::site_retry));
        progress_ = machine_->progress();
        co_await announce(*finish.why, finish.delay);
        end_.why = std::move(finish.why);
        end_.delay = finish.delay;
        co_return ended(run_end::kind::retry);
    }

    // Tells the Hub, in the row, why a site waits for long. Whether that arrives changes nothing.
    asio::awaitable<void> announce(failure why, std::chrono::milliseconds delay) {
        const auto waited = now().steady - progress_.failed_since.value_or(now().steady);
        const bool long_wait = delay > announced_from || waited >= announced_from;
        if (!long_wait || progress_.undelivered || progress_.announced == why.code ||
            row_.status_hosting == "active")
            co_return;
        outcome waiting;
        waiting.what = outcome::kind::waiting;
        waiting.error_message = waiting_message(why, now().wall + delay);
        const auto written = co_await ports_.queue.report(row_, std::move(waiting));
        if (written && *written == delivery::written) progress_.announced = why.code;
    }

    // The site waits for its server; nothing is done but to say so.
    asio::awaitable<run_end> announce_only() {
        const failure why = *job_.start.waits_for;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::max(job_.start.next_probe - now().steady, steady_time::duration::zero()));
        co_await announce(why, left);
        end_.why = why;
        if (progress_.announced != why.code)
            end_.delay = delay_after(settings_.machine.retry, stage::report, 1, now().roll);
        co_return ended(run_end::kind::retry);
    }

    bool is_ours() const {
        return job_.start.explicit_request ||
               (row_.status_dns == "active" && row_.status_hosting == "pending");
    }

    bool outcome_arrived() const {
        const auto& kept = progress_.undelivered;
        return kept && compare(row_, kept->as_read, kept->what) == read_back::ours;
    }

    // The outcome that seemed to be lost stands in the row, and nobody has asked anew since.
    std::optional<run_end::kind> delivered_meanwhile() {
        if (!outcome_arrived() || row_.status_hosting == "pending") return std::nullopt;
        const bool active = progress_.undelivered->what.what == outcome::kind::active;
        const std::string text = active ? "active" : "the outcome stands in the row, as it was seen now";
        ports_.journal.write(log_level::info, text,
                             {{"SITE_ID", row_.id},
                              {"DOMAIN", end_.domain},
                              about(active ? event::site_active : event::site_failed)});
        return active ? run_end::kind::active : run_end::kind::failed;
    }

    // The row is another request than the one whose progress we remember: it was edited, or our outcome was
    // delivered after all and the Hub set it to pending again.
    bool is_another_request() const {
        const bool edited =
            row_.domain != job_.start.domain || row_.server_id.value_or("") != job_.start.server_id;
        if (edited || !progress_.undelivered) return edited;
        return compare(row_, progress_.undelivered->as_read, progress_.undelivered->what) !=
               read_back::as_read;
    }

    run_end unreadable(failure why) {
        const bool told = progress_.snoozes > 0 && progress_.last.code == why.code;
        if (!told)
            ports_.journal.write(log_level::warning, "the site's row cannot be read: " + why.detail,
                                 {{"SITE_ID", row_.id},
                                  {"DOMAIN", end_.domain},
                                  {"ERROR_CODE", std::string(code_name(why.code))}});
        if (!progress_.failed_since) progress_.failed_since = now().steady;
        progress_.last = why;
        end_.why = std::move(why);
        end_.delay = snooze_delay(settings_.machine.retry, ++progress_.snoozes, now().roll);
        return ended(run_end::kind::retry);
    }

    run_end ended(run_end::kind what) {
        end_.what = what;
        // An interrupted site's progress is the machine's, if it came that far.
        if (what == run_end::kind::interrupted && machine_) progress_ = machine_->progress();
        end_.progress = std::move(progress_);
        return std::move(end_);
    }

    moment now() { return ports_.time.now(); }

    void write_notices() {
        for (const auto& n : machine_->take_notices())
            write(n);
    }

    void line(log_level level, std::string text, std::optional<errc> cause, std::optional<event> milestone) {
        write({level, std::move(text), cause, machine_->at(), machine_->attempt(), milestone});
    }

    void write(const notice& n) {
        if (!ports_.journal.enabled(n.level)) return;
        std::vector<log_field> fields{{"SITE_ID", row_.id},
                                      {"DOMAIN", end_.domain},
                                      {"SERVER", end_.server},
                                      {"STAGE", std::string(to_string(n.at))},
                                      {"ATTEMPT", std::to_string(n.attempt)}};
        if (n.cause) fields.push_back({"ERROR_CODE", std::string(code_name(*n.cause))});
        if (n.milestone) fields.push_back(about(*n.milestone));
        ports_.journal.write(n.level, n.text, fields);
    }

    site_ports ports_;
    clearance& desk_;
    runner_settings settings_;
    site_job job_;
    site_progress progress_;
    site row_;
    server where_;
    std::optional<fence> lease_; // where daemons share the rows
    std::optional<site_machine> machine_;
    run_end end_;
};

} // namespace

asio::awaitable<run_end> run_site(site_ports ports, clearance& desk, runner_settings settings, site_job job) {
    site_run run(ports, desk, std::move(settings), std::move(job));
    co_return co_await run.run();
}

} // namespace hosting
