#include "adapters/cloudpanel/cloudpanel.hpp"

#include "adapters/cloudpanel/clpctl_answers.hpp"
#include "adapters/cloudpanel/no_answer.hpp"
#include "adapters/cloudpanel/places.hpp"
#include "adapters/cloudpanel/random_text.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "adapters/cloudpanel/script_output.hpp"
#include "core/message_text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

namespace hosting::cloudpanel {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::chrono::seconds lock_wait_beyond_certificate{60};
constexpr std::chrono::seconds local_grace{20}; // beyond what the script may take: the network's share
constexpr std::chrono::seconds look_limit{30};
constexpr unsigned most_rounds = 8; // of a call that waits for logins with the keys of other rows
constexpr std::size_t nonce_length = 16;
constexpr std::size_t quoted = 200; // characters of the server's own words in a message

moment now() { return {steady_clock::now(), std::chrono::system_clock::now()}; }

ssh::endpoint endpoint_of(const server& s) { return {s.address, s.port, s.user}; }
server server_at(const ssh::endpoint& place) {
    server s;
    s.address = place.address;
    s.port = place.port;
    s.user = place.user;
    return s;
}

// Whether clpctl was there, could start, and said something of its own.
bool is_answer(const clpctl_meaning& meaning) {
    if (meaning.what != clpctl_meaning::kind::failed) return true;
    const auto code = meaning.why.code;
    return !is_refusal(code) && code != errc::panel_broken && code != errc::step_timeout;
}

class cloudpanel_servers : public panels {
public:
    cloudpanel_servers(const asio::any_io_executor& executor, settings s, ssh::pool& pool,
                       row_key_source keys, facts_listener remember, log& l)
        : strand_(asio::make_strand(executor))
        , settings_(s)
        , pool_(pool)
        , keys_(std::move(keys))
        , places_(std::move(remember), l) {
        pool_.on_login(
            [this](const ssh::endpoint& place, const secret& key, const std::optional<failure>& why) {
                asio::post(strand_, [this, where = server_at(place), key = digest_of(key), why] {
                    places_.note_login(where, key, why, now());
                });
            });
    }

    asio::awaitable<result<site_view>> look(server where, std::string domain) override {
        return asio::co_spawn(strand_, do_look(std::move(where), std::move(domain)), asio::use_awaitable);
    }
    asio::awaitable<result<creation_result>> create_site(server where, creation what) override {
        return asio::co_spawn(strand_, do_create(std::move(where), std::move(what)), asio::use_awaitable);
    }
    asio::awaitable<result<installation_result>> install_certificate(server where,
                                                                     installation what) override {
        return asio::co_spawn(strand_, do_install(std::move(where), std::move(what)), asio::use_awaitable);
    }

    void recall(std::vector<server_facts> known, std::string installation_id) override {
        asio::post(strand_, [this, known = std::move(known), id = std::move(installation_id)]() mutable {
            installation_ = std::move(id);
            places_.recall(std::move(known), now());
        });
    }
    void forget_refusals() override {
        asio::post(strand_, [this] { places_.forget_refusals(); });
    }
    void reconfigure(settings s) override {
        asio::post(strand_, [this, s] { settings_ = s; });
    }

private:
    struct ran_script {
        script_output out;
        std::string err;
    };

    asio::awaitable<result<site_view>> do_look(server where, std::string domain) {
        const std::string nonce = random_text(nonce_length);
        std::string text = look_command(shell_word(nonce), shell_word(domain), needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), look_limit);
        if (!ran) co_return ran.error();
        co_return view_of(ran->out, domain);
    }

    asio::awaitable<result<creation_result>> do_create(server where, creation what) {
        const std::string nonce = random_text(nonce_length);
        const secret password = make_password();
        const script_limits limits{lock_wait(), settings_.site_add_timeout};
        const actor us(shell_word(installation_), what.guard);
        std::string text =
            create_command(shell_word(nonce), shell_word(what.domain), us, shell_word(what.user),
                           shell_word(password.reveal()), what.over_orphan, limits, needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), lock_wait() + limits.step + local_grace);
        if (!ran) co_return ran.error();
        creation_result done;
        done.view = view_of(ran->out, what.domain);
        if (ran->out.what == script_output::kind::found) co_return done;
        if (ran->out.what == script_output::kind::user_used) {
            done.what = creation_result::kind::user_used;
            done.orphan = ran->out.orphan;
            co_return done;
        }
        auto meaning = meaning_of(*ran, clpctl_command::site_add, what.domain, password.reveal());
        note_answer(where, meaning);
        switch (meaning.what) {
        case clpctl_meaning::kind::success: done.what = creation_result::kind::created; co_return done;
        case clpctl_meaning::kind::user_used: done.what = creation_result::kind::user_used; co_return done;
        case clpctl_meaning::kind::failed: break;
        }
        co_return std::move(meaning.why);
    }

    asio::awaitable<result<installation_result>> do_install(server where, installation what) {
        const std::string nonce = random_text(nonce_length);
        const std::string mark = what.mark.empty() ? "-" : what.mark;
        const script_limits limits{lock_wait(), settings_.certificate_timeout};
        const actor us(shell_word(installation_), what.guard);
        std::string text = install_command(shell_word(nonce), shell_word(what.domain), us, shell_word(mark),
                                           limits, needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), lock_wait() + limits.step + local_grace);
        if (!ran) co_return ran.error();
        installation_result done;
        done.view = view_of(ran->out, what.domain);
        if (ran->out.what == script_output::kind::guard) co_return done;
        auto meaning = meaning_of(*ran, clpctl_command::install_certificate, what.domain, {});
        note_answer(where, meaning);
        if (meaning.what != clpctl_meaning::kind::success) co_return std::move(meaning.why);
        done.what = installation_result::kind::installed;
        co_return done;
    }

    static clpctl_meaning meaning_of(const ran_script& ran, clpctl_command command, const std::string& domain,
                                     const std::string& secret_text) {
        return cloudpanel::meaning_of({command, domain, ran.out.clpctl_status, ran.out.clpctl_out, ran.err},
                                      secret_text);
    }

    void note_answer(const server& where, clpctl_meaning& meaning) {
        if (is_refusal(meaning.why.code))
            meaning.why = places_.note_failure(where, std::move(meaning.why), now());
        else if (is_answer(meaning))
            places_.note_work(where, true);
    }

    // Runs a script to its end; anything else is a failure.
    asio::awaitable<result<ran_script>> run(server where, std::string nonce, std::string text,
                                            std::chrono::seconds deadline) {
        ssh::command command;
        command.text = std::make_shared<const std::string>(std::move(text));
        command.deadline = deadline;
        auto ended = co_await execute(where, std::move(command));
        if (!ended) co_return ended.error();
        auto out = parse_script_output(ended->out.text(), nonce);
        const std::string all_errors = ended->err.text();
        std::string err(own_errors(all_errors, nonce));
        if (!out.installation.empty())
            places_.note_installation(where, out.installation, steady_clock::now());
        switch (out.what) {
        case script_output::kind::incomplete:
            co_return places_.note_failure(where, no_answer(where, *ended, out.began, err), now());
        case script_output::kind::lock_busy:
            co_return failure{errc::panel_busy, "another command has held the lock on the server for " +
                                                    duration_text(lock_wait())};
        case script_output::kind::lock_error:
            co_return failure{errc::panel_unexpected_answer,
                              "the lock /run/lock/hosting-automator.lock cannot be taken on the server: " +
                                  plain_text(err, quoted)};
        case script_output::kind::fenced:
            co_return failure{errc::lease_lost, "another daemon has taken this site over"};
        case script_output::kind::fence_error:
            co_return failure{errc::panel_unexpected_answer,
                              "the fence on the server cannot be kept: " + plain_text(out.why, quoted)};
        case script_output::kind::ran: break; // clpctl's answer is judged first
        default: places_.note_work(where, false); break;
        }
        ran_script done{std::move(out), std::move(err)};
        co_return done;
    }

    // One command, with at most one login for each key while it is not known to be good.
    asio::awaitable<result<ssh::command_result>> execute(server where, ssh::command command) {
        if (auto failed = co_await refresh_key(where)) co_return std::move(*failed);
        for (unsigned round = 0; round < most_rounds; ++round) {
            if (const auto* why = places_.refusal(where, steady_clock::now())) co_return *why;
            ssh::key_source key = [this, where](const ssh::endpoint&) { return key_of(where); };
            ssh::endpoint place = endpoint_of(where);
            ssh::command once = command;
            auto ended = co_await pool_.run(std::move(place), std::move(key), std::move(once));
            if (ended || !is_refusal(ended.error().code)) co_return ended;
            // What was refused to the key of another row is not refused to this one.
            co_await logins_noted();
        }
        co_return failure{errc::ssh_not_started, "other keys than this row's are refused again and again"};
    }

    // A row whose key was changed connects anew. Looks at most every key_recheck; that the row cannot be read
    // is no reason to stop while a key is known.
    asio::awaitable<std::optional<failure>> refresh_key(server where) {
        const auto began = steady_clock::now();
        if (places_.is_fresh(where, settings_.key_recheck, began)) co_return std::nullopt;
        auto read = co_await keys_(where.id);
        if (!read) {
            if (places_.key(where)) co_return std::nullopt;
            if (read.error().code == errc::server_unknown) co_return read.error();
            // Supabase's trouble, of whatever class, is none of this site's.
            co_return failure{errc::supabase_unreachable,
                              "the server's private key cannot be read: " + read.error().detail};
        }
        if (places_.set_key(where, std::move(*read), began)) pool_.retire(endpoint_of(where));
        co_return std::nullopt;
    }

    asio::awaitable<result<secret>> key_of(server where) {
        return asio::co_spawn(strand_, key_to_try(std::move(where)), asio::use_awaitable);
    }
    // Asked before each login: others may have met a refusal since the call began.
    asio::awaitable<result<secret>> key_to_try(server where) {
        co_await logins_noted();
        if (const auto* why = places_.refusal(where, steady_clock::now())) co_return *why;
        co_return *places_.key(where);
    }

    // A login's end is posted here before anybody hears of it. But what the pool resumes may run at once,
    // ahead of what is queued: so queue up, too.
    static asio::awaitable<void> logins_noted() { return asio::post(asio::use_awaitable); }

    std::chrono::seconds lock_wait() const {
        return settings_.certificate_timeout + lock_wait_beyond_certificate;
    }

    asio::strand<asio::any_io_executor> strand_;
    settings settings_;
    ssh::pool& pool_;
    row_key_source keys_;
    places places_;
    std::string installation_;
};

} // namespace

std::unique_ptr<panels> make_panels(asio::any_io_executor executor, settings s, ssh::pool& pool,
                                    row_key_source keys, facts_listener remember, log& l) {
    return std::make_unique<cloudpanel_servers>(executor, s, pool, std::move(keys), std::move(remember), l);
}

} // namespace hosting::cloudpanel
