#include "adapters/cloudpanel/standing.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace hosting::cloudpanel {
namespace {

enum class spared { login, connection, panel };

// Where something never worked a person must act; where it did, it is an outage. `rest`: sshd and fail2ban
// count logins, all else is looked at again soon.
struct row {
    spared what;
    errc never;
    errc no_more;
    std::chrono::minutes rest;
};

using namespace std::chrono_literals;
constexpr std::array table{
    row{spared::login, errc::ssh_auth, errc::ssh_auth_revoked, 60min},
    row{spared::connection, errc::ssh_host_key, errc::ssh_host_key_replaced, 1min},
    row{spared::panel, errc::clpctl_missing, errc::clpctl_gone, 5min},
    row{spared::panel, errc::clpctl_privilege, errc::clpctl_privilege_gone, 5min},
};

const row* row_of(errc code) noexcept {
    const auto* found =
        std::ranges::find_if(table, [&](const row& r) { return r.never == code || r.no_more == code; });
    return found == table.end() ? nullptr : found;
}

bool worked_before(const server_facts& known, spared what, std::string_view key) noexcept {
    switch (what) {
    case spared::login: return known.worked_key == key;
    case spared::connection: return !known.worked_key.empty();
    case spared::panel: return known.panel_worked;
    }
    return false;
}

} // namespace

bool is_refusal(errc code) noexcept { return row_of(code) != nullptr; }

standing::standing(std::string place) { known_.place = std::move(place); }

standing::standing(server_facts known, const moment& now)
    : known_(std::move(known)) {
    const auto kept = std::exchange(known_.refused, std::nullopt);
    const auto* refusal = kept ? row_of(kept->why.code) : nullptr;
    // What a person mended in between is looked at by the next life at once; only logins are counted there.
    if (refusal && refusal->what == spared::login && kept->until > now.wall &&
        kept->until <= now.wall + refusal->rest)
        refusals_.push_back({*kept, now.steady + (kept->until - now.wall)});
}

const failure* standing::refusal(std::string_view key, steady_time now) const noexcept {
    const auto found = std::ranges::find_if(
        refusals_, [&](const standing_refusal& r) { return r.told.key == key && r.until > now; });
    return found == refusals_.end() ? nullptr : &found->told.why;
}

void standing::logged_in(std::string_view key, steady_time now) {
    known_.worked_key = key;
    std::erase_if(refusals_, [&](const standing_refusal& r) {
        const auto what = row_of(r.told.why.code)->what;
        // That it takes this key says nothing of another one.
        return r.until <= now || what == spared::connection || (what == spared::login && r.told.key == key);
    });
}

void standing::worked(bool clpctl_answered) {
    known_.panel_worked = known_.panel_worked || clpctl_answered;
    std::erase_if(refusals_,
                  [](const standing_refusal& r) { return row_of(r.told.why.code)->what == spared::panel; });
}

failure standing::failed(failure why, std::string_view key, const moment& now) {
    const auto* refusal = row_of(why.code);
    if (!refusal) return why;
    why.code = worked_before(known_, refusal->what, key) ? refusal->no_more : refusal->never;
    const auto until = now.wall + refusal->rest;
    why.detail += "; the server is tried again when the key in its row changes, or after " + utc_text(until);
    std::erase_if(refusals_,
                  [&](const standing_refusal& r) { return r.until <= now.steady || r.told.key == key; });
    refusals_.push_back({{why, std::string(key), until}, now.steady + refusal->rest});
    return why;
}

void standing::forget_refusals() { refusals_.clear(); }

void standing::forget_key(std::string_view key) {
    std::erase_if(refusals_, [&](const standing_refusal& r) { return r.told.key == key; });
}

server_facts standing::facts() const {
    server_facts all = known_;
    // One is kept: a refused login rather than others, and of these the one that stands longest.
    const auto weight = [](const standing_refusal& r) {
        return std::pair(row_of(r.told.why.code)->what == spared::login, r.until);
    };
    const auto heaviest = std::ranges::max_element(refusals_, {}, weight);
    if (heaviest != refusals_.end()) all.refused = heaviest->told;
    return all;
}

} // namespace hosting::cloudpanel
