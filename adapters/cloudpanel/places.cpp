#include "adapters/cloudpanel/places.hpp"

#include <algorithm>
#include <array>
#include <openssl/sha.h>
#include <utility>

namespace hosting::cloudpanel {
namespace {

constexpr std::chrono::hours between_warnings{1};

} // namespace

std::string digest_of(const secret& key) {
    constexpr std::size_t kept_bytes = 8;
    constexpr std::string_view hex = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    const auto& text = key.reveal();
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::string out;
    for (std::size_t i = 0; i < kept_bytes; ++i) {
        out.push_back(hex[digest[i] >> 4]);
        out.push_back(hex[digest[i] & 15]);
    }
    return out;
}

places::places(std::function<void(server_facts)> remember, log& l)
    : remember_(std::move(remember))
    , log_(l) {}

void places::recall(std::vector<server_facts> known, const moment& now) {
    for (auto& facts : known) {
        auto& place = places_.try_emplace(facts.place, facts.place).first->second;
        place.kept = facts;
        place.how = standing(std::move(facts), now);
    }
}

void places::forget_refusals() {
    for (auto& [name, place] : places_) {
        place.how.forget_refusals();
        keep(place);
    }
}

const secret* places::key(const server& where) const {
    const auto* known = key_in(where);
    return known ? &known->text : nullptr;
}

bool places::is_fresh(const server& where, steady_time::duration longest, steady_time now) const {
    const auto* known = key_in(where);
    return known && now - known->read_at < longest;
}

bool places::set_key(const server& where, secret key, steady_time read_at) {
    auto& place = at(where);
    auto& known = place.keys[where.id];
    if (known.read_at > read_at) return false; // this answer was overtaken by a newer one
    known.read_at = read_at;
    if (known.text == key && !known.digest.empty()) return false;
    const auto before = std::exchange(known.digest, digest_of(key));
    known.text = std::move(key);
    const bool in_use =
        std::ranges::any_of(place.keys, [&](const auto& row) { return row.second.digest == before; });
    if (before.empty() || in_use) return !before.empty();
    place.how.forget_key(before);
    keep(place);
    return true;
}

const failure* places::refusal(const server& where, steady_time now) const {
    const auto* place = find(where);
    const auto* known = key_in(where);
    return place && known ? place->how.refusal(known->digest, now) : nullptr;
}

void places::note_login(const server& where, std::string_view key, const std::optional<failure>& why,
                        const moment& now) {
    auto& place = at(where);
    if (why)
        (void)place.how.failed(*why, key, now);
    else
        place.how.logged_in(key, now.steady);
    keep(place);
}

void places::note_work(const server& where, bool clpctl_answered) {
    auto& place = at(where);
    place.how.worked(clpctl_answered);
    keep(place);
}

failure places::note_failure(const server& where, failure why, const moment& now) {
    auto& place = at(where);
    const auto* known = key_in(where);
    auto told = place.how.failed(std::move(why), known ? known->digest : std::string(), now);
    keep(place);
    return told;
}

void places::note_installation(const server& where, const std::string& id, steady_time now) {
    auto& warned = at(where).warned;
    std::erase_if(warned, [&](const auto& entry) { return now - entry.second >= between_warnings; });
    if (!warned.try_emplace(id, now).second) return;
    log_.write(log_level::warning,
               "another installation of the hosting automator (id " + id +
                   ") works on this server too, or this one lost its state folder",
               {{"SERVER", label(where)}});
}

const places::known_place* places::find(const server& where) const {
    const auto found = places_.find(place_of(where));
    return found == places_.end() ? nullptr : &found->second;
}

const places::row_key* places::key_in(const server& where) const {
    const auto* place = find(where);
    if (!place) return nullptr;
    const auto found = place->keys.find(where.id);
    return found == place->keys.end() ? nullptr : &found->second;
}

places::known_place& places::at(const server& where) {
    const auto name = place_of(where);
    return places_.try_emplace(name, name).first->second;
}

void places::keep(known_place& place) {
    auto now = place.how.facts();
    if (now == place.kept) return;
    place.kept = now;
    remember_(std::move(now));
}

} // namespace hosting::cloudpanel
