#include "adapters/ssh/wire.hpp"

#include <cerrno>
#include <new>
#include <sys/socket.h>
#include <system_error>

namespace hosting::ssh {
namespace {

// A server that takes nothing while it makes us answer is dropped here.
constexpr std::size_t most_unsent_bytes = 1 << 20;
// A buffer that grew beyond this is given back once it is empty.
constexpr std::size_t kept_bytes = 16 << 10;

} // namespace

ssize_t wire::failed(int error) noexcept {
    if (!error_) error_ = error;
    return -ECONNRESET;
}

ssize_t wire::receive(void* into, std::size_t size) noexcept {
    if (error_) return -ECONNRESET;
    if (dry_) return -EAGAIN;
    ssize_t got = 0;
    do
        got = ::recv(socket_, into, size, 0);
    while (got < 0 && errno == EINTR);
    if (got == 0) return failed(ended);
    if (got < 0 && errno != EAGAIN) return failed(errno);
    dry_ = got < 0;
    if (dry_) return -EAGAIN;
    received_ += static_cast<std::uint64_t>(got);
    return got;
}

ssize_t wire::send(const void* from, std::size_t size) noexcept {
    if (error_) return -ECONNRESET;
    if (out_.size() - sent_ > most_unsent_bytes) return failed(ENOBUFS);
    try {
        out_.append(static_cast<const char*>(from), size);
    } catch (const std::bad_alloc&) {
        return failed(ENOMEM);
    }
    return static_cast<ssize_t>(size);
}

void wire::flush() noexcept {
    while (!error_ && unsent()) {
        const auto put = ::send(socket_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
        if (put >= 0) {
            sent_ += static_cast<std::size_t>(put);
            total_sent_ += static_cast<std::uint64_t>(put);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            failed(errno);
        }
    }
    sent_ = 0;
    out_.clear();
    if (out_.capacity() > kept_bytes) out_ = {};
}

ssize_t wire::peek() const noexcept {
    if (error_) return -ECONNRESET;
    char byte = 0;
    const auto got = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 ? -errno : got;
}

std::string wire::error() const {
    if (error_ == 0) return {};
    if (error_ == ended) return "the server closed the connection";
    return std::generic_category().message(error_);
}

} // namespace hosting::ssh
