#include "adapters/ssh/libssh2_session.hpp"

#include "adapters/ssh/library.hpp"
#include "adapters/ssh/wire.hpp"

#include <array>
#include <libssh2.h>
#include <new>
#include <stdexcept>

namespace hosting::ssh {
namespace {

static_assert(ssh_error::channel_failure == LIBSSH2_ERROR_CHANNEL_FAILURE);
static_assert(ssh_error::request_denied == LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED);
static_assert(ssh_error::again == LIBSSH2_ERROR_EAGAIN);

// How much the server may send on a channel before we have read it. Reading more than an eighth of it at a
// time makes libssh2 adjust the window at every read.
constexpr unsigned window_bytes = 256 * 1024;
constexpr std::size_t read_bytes = 16 * 1024;
constexpr int keepalive_seconds = 1; // its own pace; ours is the link's timer

LIBSSH2_CHANNEL* native(channel* c) { return reinterpret_cast<LIBSSH2_CHANNEL*>(c); }

ssize_t receive(libssh2_socket_t, void* into, std::size_t size, int, void** abstract) {
    return static_cast<wire*>(*abstract)->receive(into, size);
}

ssize_t send(libssh2_socket_t, const void* from, std::size_t size, int, void** abstract) {
    return static_cast<wire*>(*abstract)->send(from, size);
}

} // namespace

libssh2_session::libssh2_session(wire& w)
    : wire_(w) {
    if (const auto unfit = check_library_version()) throw std::runtime_error(*unfit);
    session_ = libssh2_session_init_ex(nullptr, nullptr, nullptr, &wire_);
    if (!session_) throw std::bad_alloc();
    libssh2_session_callback_set2(session_, LIBSSH2_CALLBACK_RECV,
                                  reinterpret_cast<libssh2_cb_generic*>(&receive));
    libssh2_session_callback_set2(session_, LIBSSH2_CALLBACK_SEND,
                                  reinterpret_cast<libssh2_cb_generic*>(&send));
    libssh2_session_set_blocking(session_, 0);
    libssh2_keepalive_config(session_, 0, keepalive_seconds);
}

libssh2_session::~libssh2_session() {
    wire_.kill();
    // With a dead wire every step ends at once; the bound guards against a libssh2 that sees that
    // differently.
    for (int tries = 0; tries < 64 && libssh2_session_free(session_) == LIBSSH2_ERROR_EAGAIN; ++tries) {
    }
}

void libssh2_session::prefer_host_keys(const std::string& algorithms) {
    libssh2_session_method_pref(session_, LIBSSH2_METHOD_HOSTKEY, algorithms.c_str());
}

int libssh2_session::handshake(int socket) { return libssh2_session_handshake(session_, socket); }

std::string libssh2_session::host_key() {
    std::size_t size = 0;
    int type = 0;
    const char* key = libssh2_session_hostkey(session_, &size, &type);
    return key ? std::string(key, size) : std::string();
}

int libssh2_session::login(const std::string& user, const std::string& private_key) {
    return libssh2_userauth_publickey_frommemory(session_, user.data(), user.size(), nullptr, 0,
                                                 private_key.data(), private_key.size(), nullptr);
}

libssh2_session::methods libssh2_session::offered_methods(const std::string& user) {
    const char* names = libssh2_userauth_list(session_, user.data(), static_cast<unsigned>(user.size()));
    if (names) return {.error = 0, .names = names};
    return {.error = libssh2_session_last_errno(session_), .names = {}};
}

int libssh2_session::keepalive() {
    int seconds_to_next = 0;
    return libssh2_keepalive_send(session_, &seconds_to_next);
}

int libssh2_session::disconnect() {
    return libssh2_session_disconnect_ex(session_, SSH_DISCONNECT_BY_APPLICATION, "done", "");
}

opened libssh2_session::open_channel() {
    constexpr std::string_view type = "session";
    auto* c = libssh2_channel_open_ex(session_, type.data(), type.size(), window_bytes,
                                      LIBSSH2_CHANNEL_PACKET_DEFAULT, nullptr, 0);
    if (c) return {.handle = reinterpret_cast<channel*>(c), .error = ssh_error::none};
    return {.handle = nullptr, .error = libssh2_session_last_errno(session_)};
}

int libssh2_session::exec(channel* c, std::string_view command) {
    constexpr std::string_view request = "exec";
    return libssh2_channel_process_startup(native(c), request.data(), request.size(), command.data(),
                                           static_cast<unsigned>(command.size()));
}

int libssh2_session::send_eof(channel* c) { return libssh2_channel_send_eof(native(c)); }

std::ptrdiff_t libssh2_session::read(channel* c, stream which, bounded_output& into) {
    std::array<char, read_bytes> buffer;
    const int id = which == stream::out ? 0 : SSH_EXTENDED_DATA_STDERR;
    const auto got = libssh2_channel_read_ex(native(c), id, buffer.data(), buffer.size());
    if (got > 0) into.append({buffer.data(), static_cast<std::size_t>(got)});
    return got;
}

bool libssh2_session::at_eof(channel* c) { return libssh2_channel_eof(native(c)) == 1; }

int libssh2_session::wait_closed(channel* c) { return libssh2_channel_wait_closed(native(c)); }

int libssh2_session::exit_status(channel* c) { return libssh2_channel_get_exit_status(native(c)); }

std::string libssh2_session::exit_signal(channel* c) {
    char* name = nullptr;
    std::size_t size = 0;
    libssh2_channel_get_exit_signal(native(c), &name, &size, nullptr, nullptr, nullptr, nullptr);
    if (!name) return {};
    std::string signal(name, size);
    libssh2_free(session_, name);
    return signal;
}

int libssh2_session::free_channel(channel* c) { return libssh2_channel_free(native(c)); }

std::uint64_t libssh2_session::bytes_received() const { return wire_.bytes_received(); }

std::string libssh2_session::last_error() {
    char* text = nullptr;
    int size = 0;
    libssh2_session_last_error(session_, &text, &size, 0);
    return text ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

} // namespace hosting::ssh
