// Many commands over one SSH session. No I/O and no clock: it decides which libssh2 call is made next, and
// what its answer means. Whoever owns it calls pump() whenever something may have changed.
//
//   Wait -> Open -> Exec -> SendEof -> Read -> WaitClosed -> Free -> gone
//
// - While a command runs, a channel is opened ahead of the next one, which then costs one round trip to start
//   instead of two. After a silence it is not used: an open that is answered shows that the connection lives,
//   before a command is risked on it.
// - At most one open and one exec request are in flight (they may overlap): with two execs in flight libssh2
// can
//   report a failure for a command that ran (its issue 671). A gate is held until its call is through.
// - A call that said "again" is repeated by the operation that made it, to the end, even when nobody waits
// for the
//   result any more: an abandoned one wedges the session. Such an operation is a zombie. It holds its channel
//   until the server closes it, and what it says is dropped.
// - A server without a free channel (-21) sends the operation back to the head of the queue, and no more
// channels than
//   it granted are asked for again.
// Not thread-safe: it lives on the strand of its session.
#pragma once

#include "adapters/ssh/operation.hpp"
#include "adapters/ssh/session_api.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hosting::ssh {

class multiplexer {
public:
    struct limits {
        std::size_t channels = 8; // sshd's MaxSessions is 10, and it is slow in noticing a closed one
        // A server that has not answered an open or an exec for so long is dead. Below libssh2's own 60 s,
        // after which it poisons the session.
        std::chrono::milliseconds gate{45'000};
        std::chrono::milliseconds refused_pause{25}; // after -21; doubles each time, up to
        std::chrono::milliseconds refused_pause_limit{1'000};
        int refusals = 6;  // of a session without any open channel, in a row: then the operation is given up
        int pieces = 16;   // read of one stream before the next operation has its turn
        int passes = 32;   // of one pump()
        bool ahead = true; // a channel is opened ahead of its use
        std::chrono::milliseconds silence{5'000};
    };

    explicit multiplexer(session_api& session)
        : multiplexer(session, limits{}) {}
    multiplexer(session_api& session, limits);
    ~multiplexer();

    void submit(std::shared_ptr<operation>);

    // Opens and closes a channel without a command. That makes libssh2 read, and answer, what a server says
    // of its own accord (keepalive requests, a new key exchange) while no command runs.
    void submit_probe();

    // Steps every operation until nothing moves any more, and ends those whose time is up. True when it
    // stopped earlier, to let others have the thread: call it again soon.
    bool pump(steady_time now);

    // The connection is gone: every operation ends, `not_started` or `unknown`. Channels are not touched
    // again.
    void fail(const std::string& why);

    // When pump() must be called although nothing arrived.
    [[nodiscard]] std::optional<steady_time> next_deadline() const;

    // Set once the session cannot be used any more, and why. The owner then calls fail().
    [[nodiscard]] const std::optional<std::string>& broken() const noexcept { return broken_; }

    // New operations belong on a new session: an open or exec was given up by its caller, or zombies hold
    // half of the channels.
    [[nodiscard]] bool worn_out() const noexcept { return worn_out_; }

    // Nothing queued, no channel open but the one that waits for its use.
    [[nodiscard]] bool empty() const noexcept;
    // Somebody waits for a result.
    [[nodiscard]] bool wanted() const noexcept;
    // An open or exec waits for the server's answer.
    [[nodiscard]] bool in_request() const noexcept { return opener_ || execer_; }

    [[nodiscard]] std::size_t channels() const noexcept { return live_.size(); }
    [[nodiscard]] std::size_t channel_limit() const noexcept { return channel_limit_; }
    [[nodiscard]] std::size_t zombies() const noexcept;

private:
    enum class stage { open, ready, exec, send_eof, read, wait_closed, free, gone };

    struct lane; // an operation that has, or asks for, a channel
    struct queued {
        std::shared_ptr<operation> op; // null: a probe
        int refusals = 0;
    };

    void start_waiting(steady_time now);
    void use_spare(steady_time now);
    void open_ahead(steady_time now);
    lane& open_lane(steady_time now);
    bool step(lane&, steady_time now);
    bool open(lane&, steady_time now);
    bool keep_ready(lane&, steady_time now);
    void note_received(steady_time now);
    bool exec(lane&, steady_time now);
    bool read(lane&);
    bool close(lane&);
    bool release(lane&);
    void refused(lane&, steady_time now);
    void hand_back_waiting();
    void expire(steady_time now);
    void expire(lane&);
    void drop(int error, const char* during);
    static void finish(std::shared_ptr<operation>&, outcome);

    session_api& session_;
    limits limits_;
    std::size_t channel_limit_;
    std::deque<queued> waiting_;
    std::vector<std::unique_ptr<lane>> live_;
    lane* spare_ = nullptr;  // opened, or being opened, ahead of its use
    lane* opener_ = nullptr; // holds the open gate
    lane* execer_ = nullptr; // holds the exec gate
    steady_time opener_since_{};
    steady_time execer_since_{};
    steady_time heard_{};        // something from the server
    std::uint64_t received_ = 0; // bytes by then
    std::optional<steady_time> refused_until_;
    std::optional<std::string> broken_;
    bool worn_out_ = false;
};

} // namespace hosting::ssh
