// An installed certificate, read with OpenSSL from its PEM text.
#pragma once

#include "core/certificate.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hosting::cloudpanel {

// The first certificate of the text, readable or not; nullopt: there is none.
[[nodiscard]] std::optional<certificate> parse_certificate(std::string_view pem, std::string_view domain);

} // namespace hosting::cloudpanel
