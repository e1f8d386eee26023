#include "adapters/cloudpanel/cloudpanel.hpp"

#include "adapters/cloudpanel/clpctl_answers.hpp"
#include "adapters/cloudpanel/random_text.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "adapters/cloudpanel/script_output.hpp"
#include "adapters/cloudpanel/turnstile.hpp"
#include "core/message_text.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <map>
#include <optional>
#include <utility>

namespace hosting::cloudpanel {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;

constexpr std::chrono::seconds lock_wait_beyond_certificate{60};
constexpr std::chrono::seconds local_grace{20}; // beyond what the script may take: the network's share
constexpr std::chrono::seconds look_limit{30};
constexpr std::chrono::minutes rest_after_refused_login{60};
// After a refused host key no login was tried: only the connection is spared.
constexpr std::chrono::minutes rest_after_refused_host_key{1};
constexpr std::size_t nonce_length = 16;
constexpr std::size_t quoted = 200; // characters of the server's own words in a message

ssh::endpoint endpoint_of(const server& s) { return {s.address, s.port, s.user}; }
bool needs_sudo(const server& s) { return s.user != "root"; }

// The script never came to its end: what the shell, or sudo before it, said instead.
failure no_answer(const server& where, const ssh::command_result& ran, bool began) {
    const std::string text = ran.err.text() + '\n' + ran.out.text();
    const std::string words = plain_text(text, quoted);
    if (ran.how == ssh::command_result::end::signalled)
        return {errc::panel_unexpected_answer, "the script on the server was ended by signal " + ran.signal};
    if (needs_sudo(where) && !began && text.find("sudo") != std::string::npos)
        return {errc::clpctl_privilege,
                "the user " + where.user + " may not use sudo on the server: " + words};
    if (text.find("No space left on device") != std::string::npos)
        return {errc::panel_disk_full, "the server's disk is full: " + words};
    return {errc::panel_unexpected_answer, "the script on the server ended with status " +
                                               std::to_string(ran.status) + " before its time: " + words};
}

class panel_hosts : public hosts {
public:
    panel_hosts(const asio::any_io_executor& executor, settings s, ssh::pool& pool, row_key_source keys)
        : strand_(asio::make_strand(executor))
        , settings_(s)
        , pool_(pool)
        , keys_(std::move(keys)) {}

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

    void stop() override {
        asio::post(strand_, [this] { stopped_ = true; });
    }

private:
    static failure not_begun() { return {errc::ssh_not_started, "the program is ending"}; }

    // What is kept for each server.
    struct lane {
        std::shared_ptr<turnstile> gate = std::make_shared<turnstile>();
        struct row_key {
            secret text;
            steady_clock::time_point read_at;
        };
        std::map<std::string, row_key> keys; // by the id of the row that brought it
        // A server that refused us is left in peace while nothing has changed: sshd and fail2ban count.
        struct refusal {
            failure why;
            secret key;
            steady_clock::time_point until;
        };
        std::optional<refusal> refused;
    };

    struct ran_script {
        ssh::command_result ended;
        script_output out;
    };

    asio::awaitable<result<site_view>> do_look(server where, std::string domain) {
        const std::string nonce = random_text(nonce_length);
        std::string text = look_command(shell_word(nonce), shell_word(domain), needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), look_limit);
        if (!ran) co_return ran.error();
        co_return view_of(ran->out, domain);
    }

    asio::awaitable<result<creation_result>> do_create(server where, creation what) {
        const auto pass = co_await lane_of(where).gate->enter();
        if (stopped_) co_return not_begun();
        const std::string nonce = random_text(nonce_length);
        const secret password = make_password();
        const script_limits limits{lock_wait(), settings_.site_add_timeout};
        std::string text =
            create_command(shell_word(nonce), shell_word(what.domain), shell_word(what.user),
                           shell_word(password.reveal()), what.over_orphan, limits, needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), lock_wait() + limits.step + local_grace);
        if (!ran) co_return ran.error();
        const site_view view = view_of(ran->out, what.domain);
        switch (ran->out.what) {
        case script_output::kind::found: co_return creation_result{creation_result::kind::found, view};
        case script_output::kind::user_used:
            co_return creation_result{creation_result::kind::user_used, view};
        default: break;
        }
        const auto err = ran->ended.err.text();
        const clpctl_answer answer{clpctl_command::site_add, what.domain, ran->out.clpctl_status,
                                   ran->out.clpctl_out, err};
        const auto meaning = meaning_of(answer, password.reveal());
        switch (meaning.what) {
        case clpctl_meaning::kind::success: co_return creation_result{creation_result::kind::created, view};
        case clpctl_meaning::kind::user_used:
            co_return creation_result{creation_result::kind::user_used, view};
        case clpctl_meaning::kind::failed: break;
        }
        co_return meaning.why;
    }

    asio::awaitable<result<installation_result>> do_install(server where, installation what) {
        const auto pass = co_await lane_of(where).gate->enter();
        if (stopped_) co_return not_begun();
        const std::string nonce = random_text(nonce_length);
        const std::string mark = what.mark.empty() ? "-" : what.mark;
        const script_limits limits{lock_wait(), settings_.certificate_timeout};
        std::string text = install_command(shell_word(nonce), shell_word(what.domain), shell_word(mark),
                                           limits, needs_sudo(where));
        const auto ran = co_await run(where, nonce, std::move(text), lock_wait() + limits.step + local_grace);
        if (!ran) co_return ran.error();
        const site_view view = view_of(ran->out, what.domain);
        if (ran->out.what == script_output::kind::guard)
            co_return installation_result{installation_result::kind::guard_failed, view};
        const auto err = ran->ended.err.text();
        const clpctl_answer answer{clpctl_command::install_certificate, what.domain, ran->out.clpctl_status,
                                   ran->out.clpctl_out, err};
        const auto meaning = meaning_of(answer, {});
        if (meaning.what == clpctl_meaning::kind::success)
            co_return installation_result{installation_result::kind::installed, view};
        co_return meaning.why;
    }

    // Runs a script to its end; anything else is a failure.
    asio::awaitable<result<ran_script>> run(server where, std::string nonce, std::string text,
                                            std::chrono::seconds deadline) {
        if (auto failed = co_await refresh_key(where)) co_return std::move(*failed);
        if (const auto* why = standing_refusal(where)) co_return *why;
        ssh::command command;
        command.text = std::move(text);
        command.deadline = deadline;
        ssh::key_source key = [this, where](const ssh::endpoint&) { return key_of(where); };
        ssh::endpoint place = endpoint_of(where);
        auto ended = co_await pool_.run(std::move(place), std::move(key), std::move(command));
        if (!ended) {
            note_refusal(where, ended.error());
            co_return ended.error();
        }
        auto out = parse_script_output(ended->out.text(), nonce);
        switch (out.what) {
        case script_output::kind::incomplete: co_return no_answer(where, *ended, out.began);
        case script_output::kind::lock_busy:
            co_return failure{errc::panel_busy, "another command has held the lock on the server for " +
                                                    duration_text(lock_wait())};
        case script_output::kind::lock_error:
            co_return failure{errc::panel_unexpected_answer,
                              "the lock /run/lock/hosting-automator.lock cannot be taken on the server: " +
                                  plain_text(ended->err.text(), quoted)};
        default: break;
        }
        ran_script done{std::move(*ended), std::move(out)};
        co_return done;
    }

    // A row whose key was changed connects anew. Looks at most every key_recheck; that the row cannot be read
    // is no reason to stop while a key is known.
    asio::awaitable<std::optional<failure>> refresh_key(server where) {
        lane& l = lane_of(where);
        const auto known = l.keys.find(where.id);
        const auto now = steady_clock::now();
        if (known != l.keys.end() && now - known->second.read_at < settings_.key_recheck)
            co_return std::nullopt;
        auto read = co_await keys_(where.id);
        if (!read) {
            if (l.keys.contains(where.id)) co_return std::nullopt;
            if (read.error().code == errc::server_unknown) co_return read.error();
            // Supabase's trouble, of whatever class, is none of this site's.
            co_return failure{errc::supabase_unreachable,
                              "the server's private key cannot be read: " + read.error().detail};
        }
        auto& kept = l.keys[where.id];
        if (!kept.text.empty() && kept.text != *read) pool_.retire(endpoint_of(where));
        kept.text = std::move(*read);
        kept.read_at = now;
        co_return std::nullopt;
    }

    const failure* standing_refusal(const server& where) {
        lane& l = lane_of(where);
        if (l.refused && (l.refused->key != l.keys[where.id].text || l.refused->until <= steady_clock::now()))
            l.refused.reset();
        return l.refused ? &l.refused->why : nullptr;
    }

    void note_refusal(const server& where, const failure& why) {
        const bool login = why.code == errc::ssh_auth;
        if (!login && why.code != errc::ssh_host_key) return;
        lane& l = lane_of(where);
        const auto rest = login ? rest_after_refused_login : rest_after_refused_host_key;
        failure told = why;
        told.detail += "; the next login is tried when the row's key changes, or after " +
                       utc_text(std::chrono::system_clock::now() + rest);
        l.refused = lane::refusal{std::move(told), l.keys[where.id].text, steady_clock::now() + rest};
    }

    asio::awaitable<result<secret>> key_of(server where) {
        return asio::co_spawn(strand_, read_kept_key(std::move(where)), asio::use_awaitable);
    }
    asio::awaitable<result<secret>> read_kept_key(server where) {
        co_return lane_of(where).keys[where.id].text;
    }

    lane& lane_of(const server& where) { return lanes_[endpoint_of(where)]; }
    std::chrono::seconds lock_wait() const {
        return settings_.certificate_timeout + lock_wait_beyond_certificate;
    }

    asio::strand<asio::any_io_executor> strand_;
    settings settings_;
    ssh::pool& pool_;
    row_key_source keys_;
    std::map<ssh::endpoint, lane> lanes_; // as many as there are servers
    bool stopped_ = false;
};

} // namespace

std::unique_ptr<hosts> make_hosts(asio::any_io_executor executor, settings s, ssh::pool& pool,
                                  row_key_source keys) {
    return std::make_unique<panel_hosts>(executor, s, pool, std::move(keys));
}

} // namespace hosting::cloudpanel
