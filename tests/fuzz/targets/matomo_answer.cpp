// An answer of Matomo, read as the answer to every method that is used.
#include "adapters/matomo/answers.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

namespace hosting::fuzz {
namespace {

using namespace hosting::matomo;

template<class T>
bool read_well(const result<T>& got, const http::response& answer) {
    if (got) {
        must(answer.status == 200, "a success has status 200");
        return true;
    }
    const auto& why = got.error();
    must(why.code == errc::matomo_refused || why.code == errc::matomo_unreachable ||
             why.code == errc::matomo_unexpected,
         "the cause is one of Matomo's");
    must(answer.status != 401 || why.code == errc::matomo_refused, "401 is a refusal");
    must(answer.status < 500 || why.code == errc::matomo_unreachable, "5xx passes by itself");
    must(is_plain(why.detail, 300), "the sentence is plain and bounded", why.detail);
    return false;
}

// The host of a URL that counts as the domain's own is the domain, by the program's own reading of URLs.
void check_urls(const std::vector<std::string>& urls) {
    constexpr std::string_view domain = "example.com";
    bool any = false;
    for (const auto& each : urls) {
        const bool own = is_site_of({each}, domain);
        any = any || own;
        const auto url = http::parse_url(each);
        if (!own || !url) continue;
        must(url->host == domain || url->host == "www.example.com", "a hit has the domain as its host", each);
        must(url->port == (url->tls ? 443 : 80), "a hit has no port", each);
    }
    must(is_site_of(urls, domain) == any, "one URL is enough");
}

} // namespace

void check(std::string_view input) {
    const auto answer = response_of(input);
    const auto ids = read_site_ids(answer);
    if (read_well(ids, answer)) {
        must(std::ranges::is_sorted(*ids), "the lowest id comes first");
        must(ids->empty() || ids->front() > 0, "an id is positive");
    }
    const auto urls = read_site_urls(answer);
    if (read_well(urls, answer)) check_urls(*urls);
    const auto added = read_added_site(answer);
    if (read_well(added, answer)) must(*added > 0, "an id is positive");
    const auto named = read_named_sites(answer);
    if (read_well(named, answer)) {
        must(std::ranges::is_sorted(*named, {}, &named_site::id), "the lowest id comes first");
        must(named->empty() || named->front().id > 0, "an id is positive");
    }
    read_well(read_super_user(answer), answer);
}

} // namespace hosting::fuzz
