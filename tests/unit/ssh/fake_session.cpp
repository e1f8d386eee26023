#include "tests/unit/ssh/fake_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hosting::test {

using namespace ssh;

fake_session::side& fake_session::at(channel* c) {
    const auto found = channels_.find(c);
    if (found == channels_.end()) throw std::logic_error("a channel that is not open was used");
    return found->second;
}

bool fake_session::deliver() {
    bool moved = std::exchange(open_, open_ == request::sent ? request::answered : open_) != open_;
    for (auto& [handle, s] : channels_) {
        if (s.exec == request::sent) {
            s.exec = request::answered;
            if (s.what.exec_answer != ssh_error::request_denied) {
                run_.push_back(s.command);
                s.started = true;
            }
            moved = true;
        }
        if (s.started && s.what.ends && !s.closed) moved = s.closed = true;
        if (s.close == request::sent) {
            s.close = request::answered;
            moved = true;
        }
    }
    if (moved) ++received_;
    return moved;
}

void fake_session::end_command(const std::string& command, int status) {
    for (auto& [handle, s] : channels_)
        if (s.command == command) {
            s.what.ends = true;
            s.what.status = status;
        }
}

void fake_session::close_unused() {
    for (auto& [handle, s] : channels_)
        s.closed = s.closed || s.command.empty();
}

opened fake_session::open_channel() {
    if (fail_every_call) return {.handle = nullptr, .error = fail_every_call};
    if (open_ == request::none) open_ = request::sent;
    if (open_ == request::sent) return {.handle = nullptr, .error = ssh_error::again};
    open_ = request::none;
    if (channels_.size() >= max_sessions) return {.handle = nullptr, .error = ssh_error::channel_failure};
    auto* handle = reinterpret_cast<channel*>(++last_handle_ * 16);
    channels_[handle];
    most_open_ = std::max(most_open_, channels_.size());
    return {.handle = handle, .error = ssh_error::none};
}

int fake_session::exec(channel* c, std::string_view command) {
    if (fail_every_call) return fail_every_call;
    auto& s = at(c);
    if (s.exec == request::none) {
        s.exec = request::sent;
        s.command = command;
        if (const auto known = scripts.find(s.command); known != scripts.end()) s.what = known->second;
    } else if (s.command != command) {
        throw std::logic_error("a call in flight was repeated with something else");
    }
    const auto in_flight = std::ranges::count_if(
        channels_, [](const auto& entry) { return entry.second.exec == request::sent; });
    most_execs_ = std::max(most_execs_, static_cast<std::size_t>(in_flight));
    return s.exec == request::sent ? ssh_error::again : s.what.exec_answer;
}

int fake_session::send_eof(channel* c) {
    if (fail_every_call) return fail_every_call;
    at(c).eof_sent = true;
    return ssh_error::none;
}

std::ptrdiff_t fake_session::read(channel* c, stream which, bounded_output& into) {
    if (fail_every_call) return fail_every_call;
    auto& s = at(c);
    auto& text = which == stream::out ? s.what.out : s.what.err;
    if (!s.started || text.empty()) return s.closed ? 0 : ssh_error::again;
    const auto piece = text.substr(0, piece_bytes);
    text.erase(0, piece.size());
    into.append(piece);
    return static_cast<std::ptrdiff_t>(piece.size());
}

bool fake_session::at_eof(channel* c) {
    const auto& s = at(c);
    return s.closed && s.what.out.empty() && s.what.err.empty();
}

int fake_session::wait_closed(channel* c) { return at(c).closed ? ssh_error::none : ssh_error::again; }

int fake_session::exit_status(channel* c) { return at(c).what.status; }

std::string fake_session::exit_signal(channel* c) { return at(c).what.signal; }

int fake_session::free_channel(channel* c) {
    auto& s = at(c);
    if (!s.closed && s.close == request::none) s.close = request::sent;
    if (!s.closed && s.close == request::sent && !fail_every_call) return ssh_error::again;
    channels_.erase(c);
    return ssh_error::none;
}

} // namespace hosting::test
