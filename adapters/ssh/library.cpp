#include "adapters/ssh/library.hpp"

#include <libssh2.h>

namespace hosting::ssh {
namespace {

constexpr int needed = 0x010b00;

} // namespace

std::optional<std::string> check_library_version() {
    static const int started = libssh2_init(0);
    if (!libssh2_version(needed))
        return "libssh2 1.11 or newer is needed, and this is " + library_version() +
               ": it cannot log in with RSA keys on today's servers";
    if (started != 0) return "libssh2 could not be set up (error " + std::to_string(started) + ")";
    return std::nullopt;
}

std::string library_version() { return libssh2_version(0); }

} // namespace hosting::ssh
