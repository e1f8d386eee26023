#include "core/site_runner.hpp"

#include "core/domain_name.hpp"
#include "core/message_text.hpp"
#include "core/server_choice.hpp"

#include <random>

namespace hosting {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::minutes announced_from{5}; // waits from here on are shown in the row
constexpr std::size_t shown_domain = 128;

moment now() {
    thread_local std::minstd_rand dice{std::random_device{}()};
    return {std::chrono::steady_clock::now(), std::chrono::system_clock::now(),
            std::uniform_real_distribution<double>(0.0, 1.0)(dice)};
}

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

class site_run {
public:
    site_run(site_ports ports, runner_settings settings, site_job job)
        : ports_(ports)
        , settings_(std::move(settings))
        , job_(std::move(job))
        , progress_(std::move(job_.start.progress)) {
        end_.domain = plain_text(job_.start.domain, shown_domain);
    }

    asio::awaitable<run_end> run() {
        row_.id = job_.start.id;
        auto read = co_await ports_.queue.read(row_.id);
        if (!read) co_return unreadable(read.error());
        if (!*read || !is_ours(**read)) co_return ended(run_end::kind::row_changed);
        row_ = std::move(**read);
        if (is_another_request()) progress_ = {};
        auto planned = plan_for(row_, *job_.servers, settings_.default_server);
        if (planned) {
            where_ = std::move(planned->where);
            end_.domain = planned->domain;
            end_.server = label(where_);
            if (!where_.active && !progress_.undelivered) co_return ended(run_end::kind::paused);
        }
        machine_settings machine = settings_.machine;
        machine_input input{planned ? planned->domain : std::string(),
                            planned ? site_users_for(settings_.site_user_prefix, planned->domain)
                                    : site_users{},
                            row_.status_hosting == "active"};
        machine_.emplace(machine, std::move(input), std::move(progress_));
        const bool can_start = planned.has_value() || machine_->progress().undelivered.has_value();
        site_action action = can_start ? machine_->start() : machine_->refuse(planned.error(), now());
        write_notices();
        co_return co_await perform_all(std::move(action));
    }

private:
    // Drives the machine to its end.
    asio::awaitable<run_end> perform_all(site_action action) {
        for (;;) {
            if (const auto* finish = std::get_if<do_finish>(&action)) co_return co_await finished(*finish);
            if (must_not_start(action)) co_return ended(run_end::kind::interrupted);
            action = co_await perform(std::move(action));
            write_notices();
        }
    }

    asio::awaitable<site_action> perform(site_action action) {
        if (auto* create = std::get_if<do_create_site>(&action)) {
            const auto made = co_await ports_.servers.create_site(where_, std::move(create->what));
            co_return machine_->on_created(made, now());
        }
        if (auto* install = std::get_if<do_install_certificate>(&action)) {
            const auto installed =
                co_await ports_.servers.install_certificate(where_, std::move(install->what));
            co_return machine_->on_installed(installed, now());
        }
        if (std::holds_alternative<do_register_analytics>(action)) {
            const auto id = co_await ports_.statistics.ensure(end_.domain);
            co_return machine_->on_registered(id);
        }
        auto& report = std::get<do_report>(action);
        if (report.what.what == outcome::kind::failed)
            end_.why = failure{machine_->progress().last, report.what.error_message};
        const auto delivered = co_await ports_.queue.report(row_, std::move(report.what));
        co_return machine_->on_reported(delivered, now());
    }

    asio::awaitable<run_end> finished(do_finish finish) {
        switch (finish.what) {
        case do_finish::kind::active:
            line(log_level::info, "active", std::nullopt);
            co_return ended(run_end::kind::active);
        case do_finish::kind::failed: co_return ended(run_end::kind::failed);
        case do_finish::kind::row_changed:
            line(log_level::warning, "the row was changed in the meantime: nothing was written over it",
                 std::nullopt);
            co_return ended(run_end::kind::row_changed);
        case do_finish::kind::left_active:
            line(log_level::warning, "failed, but the row says active and stays so: " + finish.why->detail,
                 finish.why->code);
            end_.why = std::move(finish.why);
            co_return ended(run_end::kind::left_active);
        case do_finish::kind::retry: break;
        }
        if (job_.stopping->load(std::memory_order_relaxed)) co_return ended(run_end::kind::interrupted);
        // What the server is to blame for is the server's line, not each site's.
        const bool snooze = class_of(finish.why->code) == failure_class::snooze;
        line(snooze ? log_level::debug : log_level::info,
             "tried again in " + duration_text(finish.delay) + ": " + finish.why->detail, finish.why->code);
        progress_ = machine_->progress();
        co_await announce(*finish.why, finish.delay);
        end_.why = std::move(finish.why);
        end_.delay = finish.delay;
        co_return ended(run_end::kind::retry);
    }

    // Tells the Hub, in the row, why a site waits for long. Whether that arrives changes nothing.
    asio::awaitable<void> announce(failure why, std::chrono::milliseconds delay) {
        const auto waited = now().steady - progress_.failed_since.value_or(now().steady);
        const bool long_wait = delay > announced_from || waited > announced_from;
        if (!long_wait || progress_.undelivered || progress_.announced == why.code ||
            row_.status_hosting == "active")
            co_return;
        outcome waiting;
        waiting.what = outcome::kind::waiting;
        waiting.error_message = waiting_message(why, now().wall + delay);
        const auto written = co_await ports_.queue.report(row_, std::move(waiting));
        if (written && *written == delivery::written) progress_.announced = why.code;
    }

    bool is_ours(const site& row) const {
        return job_.start.explicit_request || (row.status_dns == "active" && row.status_hosting == "pending");
    }

    // While we stop, a site that already has its certificate is still finished.
    bool must_not_start(const site_action& action) const {
        return job_.stopping->load(std::memory_order_relaxed) &&
               (std::holds_alternative<do_create_site>(action) ||
                std::holds_alternative<do_install_certificate>(action));
    }

    // The row is another request than the one whose progress we remember: it was edited, or our `failed` was
    // delivered after all and the Hub set it to pending again.
    bool is_another_request() const {
        if (row_.domain != job_.start.domain || row_.server_id.value_or("") != job_.start.server_id)
            return true;
        return progress_.undelivered && progress_.undelivered->what == outcome::kind::failed &&
               progress_.undelivered->error_message == row_.error_message;
    }

    run_end unreadable(failure why) {
        const bool told = progress_.snoozes > 0 && progress_.last == why.code;
        if (!told)
            ports_.journal.write(log_level::warning, "the site's row cannot be read: " + why.detail,
                                 {{"SITE_ID", row_.id},
                                  {"DOMAIN", end_.domain},
                                  {"ERROR_CODE", std::string(code_name(why.code))}});
        if (!progress_.failed_since) progress_.failed_since = now().steady;
        progress_.last = why.code;
        end_.why = std::move(why);
        ++progress_.snoozes;
        end_.delay = delay_after(settings_.machine.retry, stage::report, progress_.snoozes, now().roll);
        return ended(run_end::kind::retry);
    }

    run_end ended(run_end::kind what) {
        end_.what = what;
        // An interrupted site's progress is the machine's, if it came that far.
        if (what == run_end::kind::interrupted && machine_) progress_ = machine_->progress();
        end_.progress = std::move(progress_);
        return std::move(end_);
    }

    void write_notices() {
        for (const auto& n : machine_->take_notices())
            write(n);
    }

    void line(log_level level, std::string text, std::optional<errc> cause) {
        write({level, std::move(text), cause, machine_->at(), machine_->attempt()});
    }

    void write(const notice& n) {
        if (!ports_.journal.enabled(n.level)) return;
        std::vector<log_field> fields{{"SITE_ID", row_.id},
                                      {"DOMAIN", end_.domain},
                                      {"SERVER", end_.server},
                                      {"STAGE", std::string(to_string(n.at))},
                                      {"ATTEMPT", std::to_string(n.attempt)}};
        if (n.cause) fields.push_back({"ERROR_CODE", std::string(code_name(*n.cause))});
        ports_.journal.write(n.level, n.text, fields);
    }

    site_ports ports_;
    runner_settings settings_;
    site_job job_;
    site_progress progress_;
    site row_;
    server where_;
    std::optional<site_machine> machine_;
    run_end end_;
};

} // namespace

asio::awaitable<run_end> run_site(site_ports ports, runner_settings settings, site_job job) {
    site_run run(ports, std::move(settings), std::move(job));
    co_return co_await run.run();
}

} // namespace hosting
