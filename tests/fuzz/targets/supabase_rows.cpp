// The body of a successful answer of PostgREST, read as rows of every table. CANARY stands for what no
// message may hold.
#include "adapters/supabase/rows.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

namespace hosting::fuzz {
namespace {

using namespace hosting::supabase;

constexpr std::string_view canary = "CANARY";

template<class T>
bool read_well(const result<T>& got) {
    if (got) return true;
    must(got.error().code == errc::supabase_unexpected, "rows that cannot be read have one cause");
    must(is_plain(got.error().detail, 250), "the sentence is plain and short", got.error().detail);
    must(!contains(got.error().detail, canary), "the sentence holds nothing of the row", got.error().detail);
    return false;
}

bool is_trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    return text.empty() ||
           (!contains(blanks, text.substr(0, 1)) && !contains(blanks, text.substr(text.size() - 1)));
}

void check_sites(std::string_view body) {
    const auto count = count_rows(body);
    const auto pending = read_pending(body);
    if (read_well(pending)) {
        must(count.has_value() && *count == pending->size(), "as many rows are read as are counted");
        must(std::ranges::none_of(*pending, [](const auto& row) { return row.id.empty(); }),
             "a row has an id");
    }
    const auto site = read_site(body);
    if (read_well(site)) must(!*site || !(*site)->id.empty(), "a site has an id");
    read_well(count);
}

void check_servers(std::string_view body) {
    constexpr std::string_view harmless =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:%";
    const auto servers = read_servers(body);
    if (!read_well(servers)) return;
    for (const auto& each : *servers) {
        must(!each.id.empty() && !each.user.empty(), "a server has an id and a user");
        must(each.address.find_first_not_of(harmless) == each.address.npos, "an address is harmless",
             each.address);
        must(is_trimmed(each.name) && is_trimmed(each.user), "names have no blanks around them");
    }
}

void check_secrets(std::string_view body) {
    read_well(read_private_key(body));
    const auto found = read_credentials(body);
    if (read_well(found) && *found)
        must(!(*found)->url.empty() && !(*found)->token.empty() && is_trimmed((*found)->url),
             "credentials are whole");
}

} // namespace

void check(std::string_view input) {
    check_sites(input);
    check_servers(input);
    check_secrets(input);
}

} // namespace hosting::fuzz
