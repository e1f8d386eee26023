// libssh2 as a library: its version, and its one-time set-up.
#pragma once

#include <optional>
#include <string>

namespace hosting::ssh {

// Nothing when the libssh2 that is loaded is new enough; else a sentence that says which version is needed.
// The program must not start then: an older one cannot log in with an RSA key on OpenSSH >= 8.8. Also sets
// the library up, once; every part of the adapter that needs it calls this or does the same. Thread-safe.
[[nodiscard]] std::optional<std::string> check_library_version();

// The libssh2 in use, such as "1.11.1".
[[nodiscard]] std::string library_version();

} // namespace hosting::ssh
