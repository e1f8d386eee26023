#include "adapters/ssh/server.hpp"

#include "adapters/ssh/event.hpp"
#include "adapters/ssh/private_key.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/strand.hpp>
#include <exception>
#include <optional>

namespace hosting::ssh {

using boost::asio::awaitable;

namespace {

constexpr std::string_view closing = "the program is ending";

} // namespace

// A command that somebody waits for.
struct server::pending final : operation {
    pending(const boost::asio::any_io_executor& strand, command what)
        : operation(std::move(what.text), std::chrono::steady_clock::now() + what.deadline, what.output_limit)
        , changed(strand) {}
    void ended() override { changed.set(); }

    event changed; // it has ended, or the login that it waits for has
};

// A login under way, and who waits for it. All of them hear the one result.
struct server::login {
    std::optional<linked> outcome;
    std::vector<std::shared_ptr<pending>> waiting;
    std::shared_ptr<connector> attempt;
    bool retired = false; // its session is not to be used for later commands

    void settle(linked how) {
        if (outcome) return;
        outcome.emplace(std::move(how));
        for (const auto& p : std::exchange(waiting, {}))
            p->changed.set();
    }
};

server::server(const boost::asio::any_io_executor& executor, endpoint where,
               std::shared_ptr<surroundings> around)
    : strand_(boost::asio::make_strand(executor))
    , where_(std::move(where))
    , around_(std::move(around)) {}

awaitable<result<command_result>> server::run(std::shared_ptr<server> self, key_source key, command what) {
    for (bool again = false;; again = true) {
        // A second try gets an operation of its own: the first one's output and deadline stay with it.
        const auto started = std::chrono::steady_clock::now();
        auto job = std::make_shared<pending>(self->strand_, what);
        const auto session = co_await self->session_for(key, job);
        if (!session) co_return session.error();
        (*session)->submit(job);
        co_await job->changed.wait();
        if (again || job->end->what != outcome::kind::not_started || !job->end->connection_lost ||
            self->closed_)
            co_return self->told(*job);
        what.deadline -=
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started);
    }
}

awaitable<server::linked> server::session_for(key_source key, std::shared_ptr<pending> job) {
    if (closed_) co_return failure{errc::ssh_not_started, std::string(closing)};
    if (auto link = current_.lock(); link && link->usable()) co_return link;
    const bool first = !login_;
    if (first) login_ = std::make_shared<login>();
    const auto joined = login_;
    joined->waiting.push_back(job);
    // May be through before it returns, where the key is refused here.
    if (first)
        boost::asio::co_spawn(strand_, log_in(shared_from_this(), joined, std::move(key)),
                              boost::asio::detached);
    co_await job->changed.wait(job->give_up_at);
    job->changed.reset();
    if (!joined->outcome)
        co_return failure{errc::ssh_not_started,
                          to_string(where_) + ": still connecting when the time was up"};
    co_return *joined->outcome;
}

awaitable<void> server::log_in(std::shared_ptr<server> self, std::shared_ptr<login> attempt, key_source key) {
    ++self->around_->connecting;
    std::optional<linked> how;
    std::string thrown;
    try {
        auto made = co_await self->connect(std::move(key), attempt);
        how.emplace(std::move(made));
    } catch (const std::exception& e) {
        thrown = e.what();
    }
    --self->around_->connecting;
    if (!how) how.emplace(failure{errc::internal, to_string(self->where_) + ": " + thrown});
    if (self->login_ == attempt) self->login_.reset();
    if (*how && !attempt->retired && !self->closed_) self->current_ = **how;
    attempt->settle(*how);
    if (*how && (attempt->retired || self->closed_)) (**how)->retire();
}

awaitable<server::linked> server::connect(key_source key, std::shared_ptr<login> attempt) {
    auto asked = key(where_);
    const auto given = co_await std::move(asked);
    if (!given) co_return given.error();
    auto checked = check_private_key(*given);
    if (!checked) co_return failure{errc::ssh_key, to_string(where_) + ": " + checked.error().detail};
    if (attempt->outcome) co_return attempt->outcome->error(); // closed meanwhile
    attempt->attempt = std::make_shared<connector>(strand_, where_, around_->config.connect_timeout,
                                                   around_->names, around_->host_keys);
    ++around_->connects;
    auto made = co_await attempt->attempt->run(std::move(*checked));
    attempt->attempt.reset();
    if (around_->heard) around_->heard(where_, *given, made ? std::nullopt : std::optional(made.error()));
    if (!made) co_return std::move(made).error();
    around_->out.write(log_level::debug, "Connected to " + to_string(where_));
    co_return make_link(std::move(*made));
}

std::shared_ptr<link> server::make_link(std::unique_ptr<connection> c) {
    link_settings s;
    s.channels = around_->config.channels_per_server;
    s.keepalive = around_->config.keepalive;
    s.idle_close = around_->config.idle_close;
    s.longest_life = around_->config.longest_life;
    ++around_->connected;
    // Counts the sessions, and keeps this object while one lives.
    std::shared_ptr<void> owner(this, [self = shared_from_this()](void*) { --self->around_->connected; });
    auto made = std::make_shared<link>(std::move(c), s, std::move(owner));
    std::erase_if(links_, [](const auto& l) { return l.expired(); });
    links_.push_back(made);
    made->start();
    return made;
}

void server::retire() {
    if (const auto link = current_.lock()) link->retire();
    current_.reset();
    if (login_) login_->retired = true;
    login_.reset();
}

void server::close() {
    closed_ = true;
    if (const auto attempt = std::exchange(login_, nullptr)) {
        attempt->settle(failure{errc::ssh_not_started, std::string(closing)});
        if (attempt->attempt) attempt->attempt->abort(std::string(closing));
    }
    for (const auto& one : links_)
        if (const auto link = one.lock()) link->close(std::string(closing));
}

awaitable<void> server::wait_closed(std::shared_ptr<server> self) {
    const auto links = std::exchange(self->links_, {});
    for (const auto& one : links)
        if (const auto link = one.lock()) co_await link->wait_closed();
}

result<command_result> server::told(pending& job) const {
    const auto& end = *job.end;
    const auto why = to_string(where_) + ": " + end.detail;
    switch (end.what) {
    case outcome::kind::unknown: return failure{errc::ssh_outcome_unknown, why};
    case outcome::kind::not_started:
        return failure{end.connection_lost && !closed_ ? errc::ssh_unreachable : errc::ssh_not_started, why};
    case outcome::kind::exited:
    case outcome::kind::signalled: break;
    }
    const bool exited = end.what == outcome::kind::exited;
    return command_result{.how = exited ? command_result::end::exited : command_result::end::signalled,
                          .status = end.status,
                          .signal = end.signal,
                          .out = std::move(job.out),
                          .err = std::move(job.err)};
}

} // namespace hosting::ssh
