// The bytes between libssh2 and a connected socket. libssh2 is given these functions in place of recv() and
// send().
//
// Sending only fills a buffer; flush() puts all that one pump of the multiplexer produced on the wire at
// once. So libssh2 never sees a half-sent packet, which is what wedges its sessions. Receiving asks the
// kernel once per burst: after a short read it says "nothing there" until readable() tells that there is
// more. Not thread-safe. Does not own the socket, which must be non-blocking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace hosting::ssh {

class wire {
public:
    explicit wire(int socket) noexcept
        : socket_(socket) {}

    // For libssh2: bytes, or a negative errno. Once there was nothing, the kernel is not asked again before
    // the socket was reported readable.
    ssize_t receive(void* into, std::size_t size) noexcept;
    ssize_t send(const void* from, std::size_t size) noexcept;

    // The socket was reported readable.
    void readable() noexcept { dry_ = false; }

    // Sends what the socket takes.
    void flush() noexcept;
    [[nodiscard]] bool unsent() const noexcept { return sent_ < out_.size(); }

    // What a recv() would say now, taking nothing: bytes, 0 at the end, or a negative errno.
    [[nodiscard]] ssize_t peek() const noexcept;

    // From now on every call says -ECONNRESET and touches no socket.
    void kill() noexcept { error_ = error_ ? error_ : ended; }

    [[nodiscard]] bool dead() const noexcept { return error_ != 0; }
    // Why it is dead, as words for a message.
    [[nodiscard]] std::string error() const;

    [[nodiscard]] std::uint64_t bytes_received() const noexcept { return received_; }
    [[nodiscard]] std::uint64_t bytes_sent() const noexcept { return total_sent_; }

private:
    static constexpr int ended = -1;
    ssize_t failed(int error) noexcept;

    int socket_;
    bool dry_ = false;
    int error_ = 0; // an errno, or `ended`
    std::uint64_t received_ = 0;
    std::uint64_t total_sent_ = 0;
    std::size_t sent_ = 0; // of out_
    std::string out_;
};

} // namespace hosting::ssh
