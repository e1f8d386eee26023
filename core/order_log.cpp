#include "core/order_log.hpp"

#include "core/registered_domain.hpp"

#include <algorithm>
#include <cstring>
#include <openssl/sha.h>
#include <tuple>

namespace hosting {
namespace {

using by = order_log::by;

// Strong, so that nobody can choose a domain that is counted as somebody else's.
order_log::digest digest_of(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> whole{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), whole.data());
    order_log::digest out = 0;
    std::memcpy(&out, whole.data(), sizeof(out));
    return out;
}

bool may_be_a_certificate(order_end how) {
    switch (how) {
    case order_end::unknown:
    case order_end::issued: return true;
    case order_end::not_sent:
    case order_end::validation_refused:
    case order_end::rate_limited:
    case order_end::refused: return false;
    }
    return true;
}

} // namespace

std::string_view names_of(std::string_view domain, std::string_view registered) {
    constexpr std::string_view www = "www.";
    const bool is_www_of_it = domain.size() == www.size() + registered.size() && domain.starts_with(www) &&
                              domain.ends_with(registered);
    return is_www_of_it ? registered : domain;
}

void order_log::restore(std::vector<order_record> orders, std::uint64_t first_id) {
    *this = order_log();
    std::ranges::sort(orders, {}, [](const order_record& o) { return std::tuple(o.at, o.id); });
    for (order_record& each : orders) {
        next_id_ = std::max(next_id_, each.id + 1);
        if (each.end != order_end::not_sent) append(std::move(each));
    }
    if (first_id > 0) next_id_ = first_id;
}

void order_log::learn(order_record what, wall_time now) {
    if (open_.contains(what.id)) {
        end(what.id, what.end, what.not_before);
        return;
    }
    if (what.end == order_end::not_sent || is_known(what)) return;
    if (!orders_.empty()) what.at = std::max(what.at, orders_.back().at);
    what.at = std::min(what.at, now);
    append(std::move(what));
}

bool order_log::is_known(const order_record& what) const {
    const auto* known = newest(by::names, names_of(what.domain, registered_domain(what.domain)));
    while (known != nullptr && known->id != what.id)
        known = older(by::names, *known);
    return known != nullptr;
}

order_record order_log::add(std::string_view place, std::string_view domain, wall_time now) {
    order_record added{next_id_++, std::string(place), std::string(domain), now, order_end::unknown, {}};
    append(added);
    return added;
}

std::optional<order_record> order_log::end(std::uint64_t id, order_end how,
                                           std::optional<wall_time> not_before) {
    const auto found = open_.find(id);
    if (found == open_.end()) return std::nullopt;
    const position where = found->second.where;
    order& ended = at(where);
    order_record out{id, found->second.place, found->second.domain, ended.at, how, not_before};
    if (how == order_end::unknown) return out;

    open_.erase(found);
    ended.end = how;
    ended.not_before = not_before.value_or(wall_time::min());
    if (!may_be_a_certificate(how)) unlink(by::certificates, where);
    if (how == order_end::not_sent) {
        unlink(by::place, where);
        unlink(by::names, where);
        while (!orders_.empty() && orders_.back().end == order_end::not_sent)
            orders_.pop_back();
    }
    return out;
}

void order_log::settle(wall_time now) {
    for (auto each = orders_.rbegin(); each != orders_.rend() && each->at > now; ++each)
        each->at = now;
    while (!orders_.empty() && orders_.front().at <= now - kept)
        drop_oldest();
}

const order_log::order* order_log::newest(by what, std::string_view text) const {
    const auto found = newest_.find(digest_of(text));
    return found == newest_.end() ? nullptr : find(found->second[static_cast<std::size_t>(what)]);
}

const order_log::order* order_log::older(by what, const order& than) const {
    return find(than.older[static_cast<std::size_t>(what)]);
}

// Of a dropped order, and of nowhere, the difference is beyond the size.
const order_log::order* order_log::find(position where) const {
    const position index = where - first_;
    return index < orders_.size() ? &orders_[index] : nullptr;
}

void order_log::append(order_record what) {
    const position where = first_ + static_cast<position>(orders_.size());
    const std::string registered = registered_domain(what.domain);
    order added{what.at, what.not_before.value_or(wall_time::min()), what.id, {}, {}, what.end};
    added.keys = {digest_of(what.place), digest_of(names_of(what.domain, registered)), digest_of(registered)};
    added.older = {nowhere, nowhere, nowhere};
    for (const by each : {by::place, by::names, by::certificates}) {
        if (each == by::certificates && !may_be_a_certificate(what.end)) continue;
        const auto slot = static_cast<std::size_t>(each);
        const auto found = newest_.find(added.key(each));
        if (found != newest_.end()) added.older[slot] = found->second[slot];
        set_newest(each, added.key(each), where);
    }
    orders_.push_back(added);
    if (what.end == order_end::unknown)
        open_[what.id] = {where, std::move(what.place), std::move(what.domain)};
}

// What is unlinked ended just now, so it is among the newest.
void order_log::unlink(by what, position where) {
    const auto slot = static_cast<std::size_t>(what);
    const order& gone = at(where);
    position newer = newest_.at(gone.key(what))[slot];
    if (newer == where) {
        set_newest(what, gone.key(what), find(gone.older[slot]) ? gone.older[slot] : nowhere);
        return;
    }
    while (at(newer).older[slot] != where)
        newer = at(newer).older[slot];
    at(newer).older[slot] = gone.older[slot];
}

void order_log::set_newest(by what, digest key, position where) {
    const auto found = newest_.try_emplace(key, newest_positions{nowhere, nowhere, nowhere}).first;
    found->second[static_cast<std::size_t>(what)] = where;
    if (found->second == newest_positions{nowhere, nowhere, nowhere}) newest_.erase(found);
}

void order_log::drop_oldest() {
    const order& oldest = orders_.front();
    for (const by each : {by::place, by::names, by::certificates}) {
        const auto found = newest_.find(oldest.key(each));
        if (found != newest_.end() && found->second[static_cast<std::size_t>(each)] == first_)
            set_newest(each, oldest.key(each), nowhere);
    }
    if (oldest.end == order_end::unknown) open_.erase(oldest.id);
    orders_.pop_front();
    ++first_;
}

} // namespace hosting
