// The host keys that we trust, in a file of OpenSSH's format (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain,
// hashed and [host]:port names, several names to a line, @revoked. Not understood, and ignored: patterns with
// * ? !, and
// @cert-authority. The file is read at every check, so that what a person does to it with ssh-keygen counts
// at once.
#pragma once

#include "core/errors.hpp"
#include "core/ports/log.hpp"
#include "core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::ssh {

// One object owns a file: sessions that connect at the same time neither lose nor repeat a line. Thread-safe.
class known_hosts {
public:
    using new_key = std::function<void(std::string_view address, std::uint16_t port, std::string_view key)>;

    // accept_new: a key of a server without any known key is trusted and written down. Else it is refused.
    // remember: false keeps such a key for the life of this object alone. `on_new` hears of each; may be
    // empty.
    known_hosts(std::filesystem::path file, bool accept_new, log&, bool remember = true, new_key on_new = {});

    // The types of the keys known for a server, as key_type() names them. Fails when the file exists but
    // cannot be read.
    [[nodiscard]] result<std::vector<std::string>> types(std::string_view address, std::uint16_t port);

    // Nothing when the key is trusted; else an ssh_host_key failure that says what a person would run. A key
    // that could be trusted but not written down is warned of, once, and remembered for the life of this
    // object.
    [[nodiscard]] std::optional<failure> check(std::string_view address, std::uint16_t port,
                                               std::string_view key);

private:
    [[nodiscard]] result<std::string> text() const;
    std::optional<failure> accept(std::string_view address, std::uint16_t port, std::string_view key);

    const std::filesystem::path file_;
    const bool accept_new_;
    const bool remember_;
    const new_key on_new_;
    log& log_;
    std::mutex mutex_;
    std::string unwritten_; // lines that could not be appended
    bool warned_ = false;
};

// The pure part: what the text of a known_hosts file says about a server's key.
enum class host_key_verdict { trusted, changed, revoked, unknown };
[[nodiscard]] host_key_verdict judge_host_key(std::string_view text, std::string_view address,
                                              std::uint16_t port, std::string_view key);
[[nodiscard]] std::vector<std::string> known_key_types(std::string_view text, std::string_view address,
                                                       std::uint16_t port);

} // namespace hosting::ssh
