// Private keys as they stand in a database: checked and brought into a form that libssh2 reads.
#pragma once

#include "core/result.hpp"
#include "core/secret.hpp"

namespace hosting::ssh {

// The key alone: no blanks around it, Unix line ends, a newline at the end. Takes what people and forms make
// of a key: CRLF, indented lines, no last newline, text before and after, the line ends written as "\n" or
// turned into blanks.
//
// Accepts RSA, ECDSA and Ed25519 keys in PEM ("RSA PRIVATE KEY", "EC PRIVATE KEY"), PKCS8 and OPENSSH form,
// without a passphrase. Else an ssh_key failure: a sentence that says what it is instead. Nothing of the text
// is ever quoted. Takes well under a millisecond; may run on a strand.
[[nodiscard]] result<secret> check_private_key(const secret& text);

} // namespace hosting::ssh
