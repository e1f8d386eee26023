// SSH: commands on servers, over one reused session per server. See multiplexer.hpp for how channels share a
// session.
#pragma once

#include "adapters/ssh/bounded_output.hpp"
#include "core/ports/log.hpp"
#include "core/ports/resolver.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hosting::ssh {

// A server is its address, port and user: rows with the same three share one session.
struct endpoint {
    std::string address; // IPv4, IPv6 without brackets, or a host name
    std::uint16_t port = 22;
    std::string user;
    friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

struct settings {
    bool accept_new_host_keys = true; // false: strict, an unknown host key is refused
    bool remember_host_keys =
        true; // false: accepted ones are not written down, for a look that changes nothing
    // Hears of a host key (its binary form, see host_key.hpp) that is trusted because none was known of the
    // server, before it is logged in to. May be empty. Called on any thread of the executor.
    std::function<void(std::string_view address, std::uint16_t port, std::string_view key)> on_new_host_key;
    std::filesystem::path known_hosts;
    std::chrono::milliseconds connect_timeout{20'000}; // name, TCP, key exchange and login together
    std::size_t channels_per_server = 8;
    std::chrono::milliseconds keepalive{30'000};
    std::chrono::milliseconds idle_close{600'000};
    std::chrono::milliseconds longest_life{
        std::chrono::hours{4}}; // of a session; then it is replaced, when it is free
};

struct command {
    // What sshd hands to the user's shell; never null. Shared, so that a command that waits, or is tried
    // again, costs one text.
    std::shared_ptr<const std::string> text;
    // How long the caller waits, from the moment the command is handed in. When it ends the caller hears
    // ssh_not_started if the command was not sent, else ssh_outcome_unknown: the command may go on, and keeps
    // its channel until the server closes it.
    std::chrono::milliseconds deadline{};
    std::size_t output_limit =
        64 * 1024; // bytes kept of each stream: half from its beginning, half from its end
};

// How a command ended. Only `exited` with status 0, and the right words in `out`, are success.
struct command_result {
    enum class end { exited, signalled };
    end how = end::exited;
    int status = 0;     // exit status, when exited
    std::string signal; // without "SIG", when signalled
    bounded_output out;
    bounded_output err;
};

// Gives the private key of an endpoint when a connection needs it, once for all the commands that wait for
// that connection: the key_source of the first of them is asked. Called, and resumed, on a strand of the
// pool's executor. The time it takes is not part of connect_timeout, but of each command's deadline.
using key_source = std::function<boost::asio::awaitable<result<secret>>(endpoint)>;

// Hears of each attempt to connect and log in: with which key, and why it failed, if it did. Called on a
// strand of the pool's executor, before anybody who waits for the attempt hears of it, and before a key is
// asked for the next one (unless retire() came between the two).
using login_listener =
    std::function<void(const endpoint&, const secret& key, const std::optional<failure>& why)>;

// What the pool does and has done, for metrics.
struct counts {
    std::uint64_t connects = 0; // attempts since the start, whatever came of them
    std::size_t connecting = 0;
    std::size_t connected = 0; // sessions that are logged in
};

// Sessions to many servers; made on first use, kept while used, closed when idle. All calls from any
// executor.
class pool {
public:
    virtual ~pool() = default;

    // Runs one command of at most 32 KiB. Failures: ssh_unreachable, ssh_auth, ssh_key, ssh_host_key (before
    // anything ran), or what the key_source said; ssh_not_started (certainly not run: no channel or no
    // connection before the deadline, or the pool is closing); ssh_outcome_unknown (it may have run: look
    // before acting again). A connection that turns out dead before the command was sent is replaced once.
    // All who wait for one connection hear its one failure; the next run() after that tries again, so whoever
    // calls decides when.
    virtual boost::asio::awaitable<result<command_result>> run(endpoint where, key_source key,
                                                               command what) = 0;

    // Ends the session to an endpoint once the commands on it have ended; the next run() connects anew. For a
    // row whose key changed.
    virtual void retire(endpoint where) = 0;

    // Ends all sessions: politely within a second, then by force. Commands still running are reported as
    // unknown.
    // Later commands are not started. Call it before the pool goes, unless the io_context has stopped for
    // good.
    virtual boost::asio::awaitable<void> close() = 0;

    // One, before the first run().
    virtual void on_login(login_listener) = 0;

    [[nodiscard]] virtual counts count() const = 0;
};

// `executor` is the io_context's; every session gets a strand of its own on it.
[[nodiscard]] std::unique_ptr<pool> make_pool(boost::asio::any_io_executor executor, settings, resolver&,
                                              log&);

} // namespace hosting::ssh
