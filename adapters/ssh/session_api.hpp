// What the multiplexer uses of libssh2, as an interface: the real one is libssh2_session, the tests have a
// small server in memory. Not thread-safe: one user at a time, like libssh2 itself.
#pragma once

#include "adapters/ssh/bounded_output.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hosting::ssh {

// libssh2's error numbers (libssh2.h) that decide something here. All calls below return 0 for done, or one
// of its negative numbers.
namespace ssh_error {
inline constexpr int none = 0;
inline constexpr int generic = -1;          // from exec: nobody knows (libssh2 issue 671)
inline constexpr int channel_failure = -21; // open: the server has no channel to spare
inline constexpr int request_denied = -22;  // exec: the server said that it did not run the command
inline constexpr int again = -37;           // not yet: the same call must be made again by the same owner
} // namespace ssh_error

// A channel of the session, opaque.
struct channel;

struct opened {
    channel* handle = nullptr; // set when done
    int error = ssh_error::none;
};

enum class stream { out, err };

class session_api {
public:
    virtual ~session_api() = default;

    virtual opened open_channel() = 0;
    virtual int exec(channel*, std::string_view command) = 0;
    virtual int send_eof(channel*) = 0;

    // Takes what has arrived of a stream, some of it at a time. Bytes taken; 0 at the end of the stream; or
    // an error.
    virtual std::ptrdiff_t read(channel*, stream, bounded_output& into) = 0;

    // Both streams have ended and were read to their end.
    virtual bool at_eof(channel*) = 0;
    virtual int wait_closed(channel*) = 0;

    // Of a closed channel. libssh2 says 0 where no status came; OpenSSH sends a status or a signal, always.
    virtual int exit_status(channel*) = 0;
    virtual std::string exit_signal(channel*) = 0; // without "SIG"; empty when there was none

    // Closes where that has not happened; afterwards the handle is gone, unless the answer was `again`.
    virtual int free_channel(channel*) = 0;

    // Grows with every byte received: tells whether a call brought in packets for other channels.
    virtual std::uint64_t bytes_received() const = 0;

    // libssh2's words about the last error, for a message.
    virtual std::string last_error() = 0;
};

} // namespace hosting::ssh
