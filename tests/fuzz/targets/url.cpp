// An address in the configuration, or in the Hub's table of credentials.
#include "tests/fuzz/target.hpp"

namespace hosting::fuzz {

void check(std::string_view input) {
    const std::string encoded = http::percent_encode(input);
    must(encoded.find_first_of("&=+?#/ \r\n\"") == encoded.npos, "what is encoded splits no query", encoded);

    const auto url = http::parse_url(input);
    if (!url) {
        must(is_plain(url.error().detail, 120), "the sentence is plain and short", url.error().detail);
        return;
    }
    must(!url->host.empty() && url->port != 0, "a URL has a host and a port");
    must(url->path.starts_with('/'), "a URL has a path", url->path);
    for (const auto& part : {url->authority(), url->path})
        must(part.find_first_of(" \r\n\t?#") == part.npos && is_plain(part, part.size()),
             "no part of a URL splits a message", part);
    const std::string text = (url->tls ? "https://" : "http://") + url->authority() + url->path;
    const auto again = http::parse_url(text);
    must(again && again->tls == url->tls && again->host == url->host && again->port == url->port &&
             again->path == url->path,
         "a URL stays as it is", text);
}

} // namespace hosting::fuzz
