// The shell scripts that run on a server: one for each step, one exec each.
//
// A script takes the lock, looks, acts only if the guard still holds, and looks again. It is constant text
// for /bin/sh; what varies comes as positional parameters, and those are words that no shell treats
// specially. It goes on when the SSH channel drops, and keeps the lock until its command has ended. Nothing
// is ever deleted.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace hosting::cloudpanel {

// A value that may stand in a command line: letters, digits and . _ - + / = only. Anything else throws
// std::invalid_argument: it is a bug, values from outside were checked long before.
class shell_word {
public:
    explicit shell_word(std::string_view text);
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
};

struct script_limits {
    std::chrono::seconds
        lock_wait; // for the lock on the server, before the command and for its leftovers after it
    std::chrono::seconds step; // of the clpctl command itself
};

// `nonce` marks the script's own lines among what clpctl prints; unguessable, new for each run.
// With `use_sudo` the shell is started through `sudo -n`.
[[nodiscard]] std::string look_command(const shell_word& nonce, const shell_word& domain, bool use_sudo);

[[nodiscard]] std::string create_command(const shell_word& nonce, const shell_word& domain,
                                         const shell_word& user, const shell_word& password, bool over_orphan,
                                         script_limits limits, bool use_sudo);

// `mark`: of the certificate that must still be installed; "-" where none may be.
[[nodiscard]] std::string install_command(const shell_word& nonce, const shell_word& domain,
                                          const shell_word& mark, script_limits limits, bool use_sudo);

} // namespace hosting::cloudpanel
