#include "adapters/ssh/multiplexer.hpp"

#include <algorithm>
#include <utility>

namespace hosting::ssh {

struct multiplexer::lane {
    std::shared_ptr<operation> op; // null: a probe, or a zombie, or its result was delivered
    stage at = stage::open;
    channel* handle = nullptr;
    int refusals = 0;
    bool probe = false;
    bool zombie = false; // its caller has given up
    bounded_output ignored{0};

    bounded_output& sink(stream which) {
        if (!op) return ignored;
        return which == stream::out ? op->out : op->err;
    }
};

multiplexer::multiplexer(session_api& session, limits l)
    : session_(session)
    , limits_(l)
    , channel_limit_(std::max<std::size_t>(l.channels, 1)) {}

multiplexer::~multiplexer() = default;

void multiplexer::submit(std::shared_ptr<operation> op) { waiting_.push_back({std::move(op)}); }

void multiplexer::submit_probe() { waiting_.push_back({nullptr}); }

bool multiplexer::pump(steady_time now) {
    expire(now);
    if (worn_out_) hand_back_waiting();
    // Any call may take packets of other channels off the wire, so a pass that received something is followed
    // by another one, whether or not it moved an operation.
    bool moved = true;
    for (int passes = 0; moved && !broken_ && passes < limits_.passes; ++passes) {
        moved = false;
        start_waiting(now);
        open_ahead(now);
        const auto received = session_.bytes_received();
        for (std::size_t i = 0; i < live_.size() && !broken_; ++i)
            moved = step(*live_[i], now) || moved;
        std::erase_if(live_, [](const auto& l) { return l->at == stage::gone; });
        moved = moved || session_.bytes_received() != received;
    }
    note_received(now);
    return moved && !broken_;
}

void multiplexer::hand_back_waiting() {
    for (auto& q : waiting_)
        if (q.op)
            finish(q.op, {.what = outcome::kind::not_started,
                          .signal = {},
                          .detail = "the connection is stuck and was replaced",
                          .connection_lost = true});
    waiting_.clear();
}

void multiplexer::start_waiting(steady_time now) {
    if (refused_until_ && *refused_until_ <= now) refused_until_.reset();
    if (waiting_.empty()) return;
    if (spare_) return use_spare(now);
    if (opener_ || refused_until_ || live_.size() >= channel_limit_) return;
    auto& next = open_lane(now);
    next.op = std::move(waiting_.front().op);
    next.probe = !next.op;
    next.refusals = waiting_.front().refusals;
    waiting_.pop_front();
}

// A probe needs no channel of its own: the spare one reads.
void multiplexer::use_spare(steady_time now) {
    if (spare_->at == stage::ready) (void)keep_ready(*spare_, now);
    if (!spare_ || broken_) return;
    if (waiting_.front().op) {
        spare_->op = std::move(waiting_.front().op);
        spare_->refusals = waiting_.front().refusals;
        if (spare_->at == stage::ready) spare_->at = stage::exec;
        spare_ = nullptr;
    }
    waiting_.pop_front();
}

void multiplexer::open_ahead(steady_time now) {
    const bool possible =
        !spare_ && !opener_ && !refused_until_ && !worn_out_ && live_.size() < channel_limit_;
    if (!limits_.ahead || !possible || !waiting_.empty()) return;
    if (std::ranges::any_of(live_, [](const auto& l) { return l->op && l->at == stage::read; }))
        spare_ = &open_lane(now);
}

multiplexer::lane& multiplexer::open_lane(steady_time now) {
    live_.push_back(std::make_unique<lane>());
    opener_ = live_.back().get();
    opener_since_ = now;
    return *opener_;
}

// True when the operation got further.
bool multiplexer::step(lane& l, steady_time now) {
    switch (l.at) {
    case stage::open: return open(l, now);
    case stage::ready: return keep_ready(l, now);
    case stage::exec: return exec(l, now);
    case stage::send_eof: {
        const int rc = session_.send_eof(l.handle);
        if (rc == ssh_error::again) return false;
        if (rc != ssh_error::none) return drop(rc, "while a command ran"), false;
        l.at = stage::read;
        return true;
    }
    case stage::read: return read(l);
    case stage::wait_closed: return close(l);
    case stage::free: return release(l);
    case stage::gone: return false;
    }
    return false;
}

bool multiplexer::open(lane& l, steady_time now) {
    const auto [handle, error] = session_.open_channel();
    if (error == ssh_error::again) {
        if (now - opener_since_ >= limits_.gate) broken_ = "the server does not answer";
        return false;
    }
    opener_ = nullptr;
    if (error == ssh_error::channel_failure) return refused(l, now), true;
    if (!handle) return drop(error, "when a command was to start"), false;
    l.handle = handle;
    if (!l.op) return l.at = &l == spare_ ? stage::ready : stage::free, true;
    // The answer may have lain here for long: whether the connection broke since shows behind it.
    const auto got = session_.read(l.handle, stream::out, l.ignored);
    if (got < 0 && got != ssh_error::again)
        return drop(static_cast<int>(got), "when a command was to start"), false;
    l.at = stage::exec;
    return true;
}

// Nothing comes over it but its end; but what the server says of its own accord is read here, too.
bool multiplexer::keep_ready(lane& l, steady_time now) {
    const auto got = session_.read(l.handle, stream::out, l.ignored);
    if (got < 0 && got != ssh_error::again) return drop(static_cast<int>(got), "between two commands"), false;
    note_received(now);
    const bool stale = !waiting_.empty() && now - heard_ >= limits_.silence;
    if (!stale && !worn_out_ && !session_.at_eof(l.handle)) return got > 0;
    spare_ = nullptr;
    l.at = stage::free;
    return true;
}

void multiplexer::note_received(steady_time now) {
    if (session_.bytes_received() != std::exchange(received_, session_.bytes_received())) heard_ = now;
}

void multiplexer::refused(lane& l, steady_time now) {
    l.at = stage::gone;
    if (&l == spare_) spare_ = nullptr;
    const auto others = live_.size() - 1;
    channel_limit_ = std::max<std::size_t>(std::min(channel_limit_, others), 1);
    if (!l.op) return;
    l.refusals = others == 0 ? l.refusals + 1 : 0;
    if (l.refusals >= limits_.refusals)
        return finish(l.op, {.what = outcome::kind::not_started,
                             .signal = {},
                             .detail = "the server grants no channel (" + session_.last_error() + ")"});
    if (others == 0) {
        const auto pause = limits_.refused_pause * (1 << std::min(l.refusals, 10));
        refused_until_ = now + std::min(pause, limits_.refused_pause_limit);
    }
    waiting_.push_front({std::move(l.op), l.refusals});
}

bool multiplexer::exec(lane& l, steady_time now) {
    if (execer_ != &l) {
        // Whoever gave up before the request was sent needs no command run.
        if (!l.op) return l.at = stage::free, true;
        if (execer_) return false;
        execer_ = &l;
        execer_since_ = now;
    }
    // The text must stay where it is while the call is repeated, also for a zombie: libssh2 compares
    // addresses.
    const int rc = session_.exec(l.handle, *l.op->text);
    if (rc == ssh_error::again) {
        if (now - execer_since_ >= limits_.gate) broken_ = "the server does not answer";
        return false;
    }
    execer_ = nullptr;
    const bool given_up = l.zombie;
    if (given_up) l.op.reset();
    if (rc == ssh_error::none) return l.at = stage::send_eof, true;
    if (rc == ssh_error::request_denied) {
        if (!given_up)
            finish(l.op, {.what = outcome::kind::not_started,
                          .signal = {},
                          .detail = "the server refused to run a command"});
        return l.at = stage::free, true;
    }
    if (rc == ssh_error::generic) {
        if (!given_up)
            finish(l.op, {.what = outcome::kind::unknown,
                          .signal = {},
                          .detail = "the answer to the request to run the command was lost"});
        l.zombie = true;
        worn_out_ = worn_out_ || 2 * zombies() >= channel_limit_;
        return l.at = stage::read, true;
    }
    return drop(rc, "when a command was to start"), false;
}

bool multiplexer::read(lane& l) {
    bool moved = false;
    for (const auto which : {stream::out, stream::err}) {
        std::ptrdiff_t got = 1;
        for (int pieces = 0; got > 0 && pieces < limits_.pieces; ++pieces) {
            got = session_.read(l.handle, which, l.sink(which));
            moved = moved || got > 0;
        }
        if (got < 0 && got != ssh_error::again)
            return drop(static_cast<int>(got), "while a command ran"), false;
    }
    if (!session_.at_eof(l.handle)) return moved;
    l.at = stage::wait_closed;
    return true;
}

bool multiplexer::close(lane& l) {
    const int rc = session_.wait_closed(l.handle);
    if (rc == ssh_error::again) return false;
    if (rc != ssh_error::none) return drop(rc, "while a command ended"), false;
    if (l.op) {
        outcome how;
        how.signal = session_.exit_signal(l.handle);
        how.what = how.signal.empty() ? outcome::kind::exited : outcome::kind::signalled;
        how.status = session_.exit_status(l.handle);
        finish(l.op, std::move(how));
    }
    l.at = stage::free;
    return true;
}

bool multiplexer::release(lane& l) {
    if (session_.free_channel(l.handle) == ssh_error::again) return false;
    l.handle = nullptr;
    l.at = stage::gone;
    return true;
}

void multiplexer::drop(int error, const char* during) {
    broken_ = "the connection broke " + std::string(during) + " (" + session_.last_error() +
              ", libssh2 error " + std::to_string(error) + ")";
}

void multiplexer::expire(steady_time now) {
    std::erase_if(waiting_, [now](queued& q) {
        if (!q.op || q.op->give_up_at > now) return false;
        finish(
            q.op,
            {.what = outcome::kind::not_started, .signal = {}, .detail = "no channel became free in time"});
        return true;
    });
    for (auto& l : live_)
        if (l->op && !l->zombie && l->op->give_up_at <= now) expire(*l);
}

void multiplexer::expire(lane& l) {
    const bool sent = l.at > stage::exec || execer_ == &l;
    // A server that is this slow with a mere request is not asked again on this session.
    if (l.at <= stage::exec) worn_out_ = true;
    l.zombie = true;
    worn_out_ = worn_out_ || 2 * zombies() >= channel_limit_;
    outcome how{.what = sent ? outcome::kind::unknown : outcome::kind::not_started,
                .signal = {},
                .detail = sent ? "no end was seen in time" : "the server did not answer in time"};
    if (execer_ != &l) return finish(l.op, std::move(how));
    auto delivered = l.op; // its text is still needed by the call in flight
    finish(delivered, std::move(how));
}

void multiplexer::fail(const std::string& why) {
    if (!broken_) broken_ = why;
    for (auto& q : waiting_)
        if (q.op)
            finish(
                q.op,
                {.what = outcome::kind::not_started, .signal = {}, .detail = why, .connection_lost = true});
    waiting_.clear();
    for (auto& l : live_) {
        if (!l->op || l->zombie) continue;
        const bool sent = l->at > stage::exec || execer_ == l.get();
        finish(l->op, {.what = sent ? outcome::kind::unknown : outcome::kind::not_started,
                       .signal = {},
                       .detail = why,
                       .connection_lost = !sent});
    }
    live_.clear();
    opener_ = execer_ = spare_ = nullptr;
}

void multiplexer::finish(std::shared_ptr<operation>& op, outcome how) {
    op->end = std::move(how);
    op->ended();
    op.reset();
}

std::optional<steady_time> multiplexer::next_deadline() const {
    std::optional<steady_time> next;
    const auto consider = [&next](steady_time at) { next = next ? std::min(*next, at) : at; };
    for (const auto& q : waiting_)
        if (q.op) consider(q.op->give_up_at);
    for (const auto& l : live_)
        if (l->op && !l->zombie) consider(l->op->give_up_at);
    if (opener_) consider(opener_since_ + limits_.gate);
    if (execer_) consider(execer_since_ + limits_.gate);
    if (refused_until_) consider(*refused_until_);
    return next;
}

bool multiplexer::empty() const noexcept {
    return waiting_.empty() &&
           std::ranges::all_of(live_, [](const auto& l) { return l->at == stage::ready; });
}

bool multiplexer::wanted() const noexcept {
    return std::ranges::any_of(waiting_, [](const queued& q) { return q.op != nullptr; }) ||
           std::ranges::any_of(live_, [](const auto& l) { return l->op && !l->zombie; });
}

std::size_t multiplexer::zombies() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(live_, [](const auto& l) { return l->zombie; }));
}

} // namespace hosting::ssh
