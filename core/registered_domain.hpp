// The registered domain of a name, by the Public Suffix List.
#pragma once

#include <string>
#include <string_view>

namespace hosting {

// "example.co.uk" for "www.example.co.uk"; the name itself where it is a public suffix or has no other.
// `domain` is normalised. With the list's private part ("shop.github.io" is registered under "github.io"), as
// Let's Encrypt counts. By libpsl's built-in list: pure, no file is read.
[[nodiscard]] std::string registered_domain(std::string_view domain);

} // namespace hosting
