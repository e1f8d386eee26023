// The scripts that run on a server: one for each step, one exec each.
//
// A script takes the lock, passes the fence, looks, acts only if the guard still holds, and looks again. It
// is constant text for perl (of perl-base, which every Debian and Ubuntu has): one process that starts none
// but clpctl. What varies comes as positional parameters, and those are words that no shell treats specially.
// It goes on when the SSH channel drops, and keeps the lock until its command has ended. Nothing is ever
// deleted.
#pragma once

#include "core/steps.hpp"

#include <chrono>
#include <cstdint>
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

// Who acts on a server. `installation`: our id, which is left there; another's that was there is reported.
// `guard`: under a lease, a higher token of the same queue for the same domain that was there keeps the
// script from acting at all. A queue's id of other characters than letters, digits and - throws
// std::invalid_argument.
struct actor {
    actor(shell_word installation_id, const fence& guard);
    [[nodiscard]] bool is_leased() const { return queue.text() != "-"; }
    shell_word installation;
    shell_word queue; // "-": no lease
    std::uint64_t token;
};

// `nonce` marks the script's own lines among what clpctl prints; unguessable, new for each run. What its
// command says on stderr begins behind a line "NONCE begin" there, too.
// With `use_sudo` it is started by a shell of `sudo -n`.
[[nodiscard]] std::string look_command(const shell_word& nonce, const shell_word& domain, bool use_sudo);

// Looks whether clpctl is there and answers, by a command of it that only reads, and what else is needed.
[[nodiscard]] std::string probe_command(const shell_word& nonce, std::chrono::seconds limit, bool use_sudo);

[[nodiscard]] std::string create_command(const shell_word& nonce, const shell_word& domain, const actor& who,
                                         const shell_word& user, const shell_word& password, bool over_orphan,
                                         script_limits limits, bool use_sudo);

// `mark`: of the certificate that must still be installed; "-" where none may be.
[[nodiscard]] std::string install_command(const shell_word& nonce, const shell_word& domain, const actor& who,
                                          const shell_word& mark, script_limits limits, bool use_sudo);

} // namespace hosting::cloudpanel
