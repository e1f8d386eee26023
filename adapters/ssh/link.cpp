#include "adapters/ssh/link.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace hosting::ssh {

using boost::system::error_code;
using descriptor = boost::asio::posix::stream_descriptor;

namespace {

steady_time clock_now() { return std::chrono::steady_clock::now(); }

multiplexer::limits limits_for(const link_settings& s) {
    multiplexer::limits l;
    l.channels = s.channels;
    return l;
}

} // namespace

link::link(std::unique_ptr<connection> c, link_settings s, std::shared_ptr<void> owner)
    : connection_(std::move(c))
    , settings_(s)
    , owner_(std::move(owner))
    , mux_(connection_->session, limits_for(s))
    , timer_(connection_->socket.get_executor())
    , closed_(connection_->socket.get_executor())
    , born_(clock_now())
    , last_used_(born_)
    , last_sent_(born_) {}

link::~link() { connection_->bytes.kill(); }

void link::start() {
    wait_readable();
    set_timer();
}

void link::submit(std::shared_ptr<operation> op) {
    mux_.submit(std::move(op));
    if (state_ == state::leaving || state_ == state::closed) return mux_.fail("the connection was closed");
    // That the connection broke may not have been told yet: it is seen before a command is risked on it.
    connection_->bytes.readable();
    pump();
}

void link::retire() {
    if (state_ != state::open) return;
    state_ = state::retired;
    pump();
}

void link::pump() {
    if (state_ == state::leaving || state_ == state::closed) return;
    const bool more = mux_.pump(clock_now());
    connection_->bytes.flush();
    after_pump();
    if (!more || pump_posted_ || state_ == state::closed) return;
    pump_posted_ = true;
    boost::asio::post(connection_->socket.get_executor(), [self = shared_from_this()] {
        self->pump_posted_ = false;
        self->pump();
    });
}

void link::after_pump() {
    const auto& bytes = connection_->bytes;
    if (bytes.dead()) return break_down(bytes.error());
    if (mux_.broken()) return break_down(*mux_.broken());
    if (!mux_.empty()) last_used_ = clock_now();
    if (bytes.bytes_sent() != std::exchange(sent_before_, bytes.bytes_sent())) last_sent_ = clock_now();
    const bool done = state_ == state::retired ? mux_.empty() : mux_.worn_out() && !mux_.wanted();
    if (done) return leave();
    wait_readable();
    if (bytes.unsent()) wait_writable();
    set_timer();
}

void link::wait_readable() {
    if (std::exchange(reading_, true)) return;
    connection_->socket.async_wait(descriptor::wait_read, [self = shared_from_this()](error_code error) {
        self->reading_ = false;
        if (error || self->state_ == state::closed) return;
        self->connection_->bytes.readable();
        if (self->mux_.channels() == 0) return self->on_quiet_data();
        self->pump();
    });
}

void link::wait_writable() {
    if (std::exchange(writing_, true)) return;
    connection_->socket.async_wait(descriptor::wait_write, [self = shared_from_this()](error_code error) {
        self->writing_ = false;
        if (error || self->state_ == state::closed) return;
        if (self->state_ == state::leaving) return self->leave();
        self->pump();
    });
}

// Nobody reads while no channel is open, so waiting again at once would spin. A probe makes libssh2 read.
void link::on_quiet_data() {
    const auto waiting = connection_->bytes.peek();
    if (waiting == -EAGAIN) return after_pump();
    if (waiting <= 0) {
        char none = 0;
        (void)connection_->bytes.receive(&none, sizeof none); // notes why it is dead
        return break_down(connection_->bytes.error());
    }
    if (state_ == state::leaving) return;
    mux_.submit_probe();
    pump();
}

steady_time link::next_wake() const {
    auto next = steady_time::max();
    if (state_ == state::open) next = born_ + settings_.longest_life;
    if (const auto due = mux_.next_deadline()) next = std::min(next, *due);
    if (mux_.empty()) next = std::min(next, last_used_ + settings_.idle_close);
    if (settings_.keepalive.count() > 0) next = std::min(next, last_sent_ + settings_.keepalive);
    return next;
}

// Only ever set earlier: a timer that fires too early looks again, which is cheaper than to move it with
// every command.
void link::set_timer() {
    const auto next = next_wake();
    if (next >= wake_at_) return;
    wake_at_ = next;
    timer_.expires_at(next);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (error) return;
        self->wake_at_ = steady_time::max();
        self->on_timer();
    });
}

void link::on_timer() {
    if (state_ == state::closed) return;
    if (state_ == state::leaving) return break_down("the connection was closed");
    const auto now = clock_now();
    if (mux_.empty() && now >= last_used_ + settings_.idle_close) return leave();
    if (state_ == state::open && now >= born_ + settings_.longest_life) state_ = state::retired;
    if (settings_.keepalive.count() > 0 && now >= last_sent_ + settings_.keepalive) keep_alive(now);
    pump();
}

void link::keep_alive(steady_time now) {
    last_sent_ = now;
    if (mux_.in_request() || connection_->bytes.unsent()) return;
    (void)connection_->session.keepalive();
}

// Says goodbye, and closes as soon as the kernel has it.
void link::leave() {
    if (state_ == state::closed) return;
    if (state_ != state::leaving) {
        mux_.fail("the connection was closed");
        (void)connection_->session.disconnect();
        state_ = state::leaving;
        wake_at_ = clock_now() + settings_.farewell;
        timer_.expires_at(wake_at_);
        timer_.async_wait([self = shared_from_this()](error_code error) {
            if (!error) self->on_timer();
        });
    }
    connection_->bytes.flush();
    if (connection_->bytes.unsent()) return wait_writable();
    break_down("the connection was closed");
}

void link::break_down(const std::string& why) {
    if (state_ == state::closed) return;
    state_ = state::closed;
    connection_->bytes.kill();
    mux_.fail(why);
    timer_.cancel();
    error_code ignored;
    connection_->socket.close(ignored);
    closed_.set();
}

void link::close(const std::string& why) {
    mux_.fail(why);
    leave();
}

boost::asio::awaitable<void> link::wait_closed() {
    const auto self = shared_from_this();
    co_await closed_.wait();
}

} // namespace hosting::ssh
