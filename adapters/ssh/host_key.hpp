// What can be said about a server's public key, for messages and for known_hosts. A key is its binary form
// (RFC 4253, section 6.6): its type's name comes first in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::ssh {

// "ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa", ...; empty when this is no key.
[[nodiscard]] std::string key_type(std::string_view key);

// "SHA256:..." as ssh-keygen -l prints it.
[[nodiscard]] std::string key_fingerprint(std::string_view key);

[[nodiscard]] std::string base64(std::string_view bytes);

// A server's name in known_hosts: "host" for port 22, "[host]:port" else, in lower case.
[[nodiscard]] std::string known_hosts_name(std::string_view address, std::uint16_t port);

// The host key algorithms to ask a server for, separated by commas: those that prove a key of one of the
// types that are known for it come first, else a file that holds one type only looks like a changed key.
// SHA-1 signatures are left out.
[[nodiscard]] std::string host_key_algorithms(const std::vector<std::string>& known_types);

} // namespace hosting::ssh
