// Texts that nobody can guess.
#pragma once

#include "core/secret.hpp"

#include <cstddef>
#include <string>

namespace hosting::cloudpanel {

// Letters and digits, uniformly, from OpenSSL's generator. Throws std::runtime_error when that has no
// entropy.
[[nodiscard]] std::string random_text(std::size_t length);

// A site user's password: 24 letters and digits (clpctl mangles much of everything else). It is handed to
// clpctl and kept nowhere.
[[nodiscard]] inline secret make_password() { return secret(random_text(24)); }

} // namespace hosting::cloudpanel
