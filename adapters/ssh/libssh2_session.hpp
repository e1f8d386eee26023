// A session of libssh2, never blocking. Its socket is a `wire`; a call that returns `again` is repeated when
// the wire is readable. Error numbers are libssh2's (libssh2.h). Not thread-safe.
#pragma once

#include "adapters/ssh/session_api.hpp"

#include <string>
#include <string_view>

struct _LIBSSH2_SESSION;

namespace hosting::ssh {

class wire;

class libssh2_session final : public session_api {
public:
    // Throws std::runtime_error when libssh2 is too old, std::bad_alloc when there is no memory.
    explicit libssh2_session(wire&);
    // Never blocks and never writes: the wire must be dead or about to be dropped.
    ~libssh2_session() override;
    libssh2_session(const libssh2_session&) = delete;
    libssh2_session& operator=(const libssh2_session&) = delete;

    // Host key algorithms to ask for, best first, separated by commas. Before the handshake.
    void prefer_host_keys(const std::string& algorithms);
    int handshake(int socket);

    // The host key that the server proved to have: its binary form, as in known_hosts. After the handshake.
    std::string host_key();

    // `private_key` as check_private_key() returned it. Repeat with the same arguments.
    int login(const std::string& user, const std::string& private_key);

    // The ways to log in that the server offers, separated by commas. Asks the server: `again` in `error`.
    struct methods {
        int error = 0;
        std::string names;
    };
    methods offered_methods(const std::string& user);

    // Only while no other call is unfinished.
    int keepalive();
    int disconnect();

    opened open_channel() override;
    int exec(channel*, std::string_view command) override;
    int send_eof(channel*) override;
    std::ptrdiff_t read(channel*, stream, bounded_output& into) override;
    bool at_eof(channel*) override;
    int wait_closed(channel*) override;
    int exit_status(channel*) override;
    std::string exit_signal(channel*) override;
    int free_channel(channel*) override;
    std::uint64_t bytes_received() const override;
    std::string last_error() override;

private:
    wire& wire_;
    _LIBSSH2_SESSION* session_;
};

} // namespace hosting::ssh
