// The certificate orders that may still matter, by their time; each is found by its server, by its names and
// by their registered domain. It knows no limit. Pure; not thread-safe.
//
// An order costs about a hundred bytes: servers and names are kept as digests, and the texts of those orders
// alone whose end is unknown. Everything here but restore() takes constant time, or that of the orders that
// it drops or re-dates.
#pragma once

#include "core/records.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hosting {

// What an order for this domain has names for, as CloudPanel makes it, by one of the names: a registered
// domain and its "www." get both, so they are one; every other name stands for itself.
[[nodiscard]] std::string_view names_of(std::string_view domain, std::string_view registered);

class order_log {
public:
    static constexpr std::chrono::hours kept{8 * 24};

    // `certificates` leaves out the orders that certainly came to no certificate.
    enum class by { place, names, certificates };
    using digest = std::uint64_t;

    struct order {
        wall_time at;
        wall_time not_before = wall_time::min(); // min(): none is known
        std::uint64_t id = 0;
        std::array<digest, 3> keys{};         // [by]
        std::array<std::uint32_t, 3> older{}; // [by]: where the one before it stands
        order_end end = order_end::unknown;

        [[nodiscard]] digest key(by what) const { return keys[static_cast<std::size_t>(what)]; }
    };

    // What earlier lives ordered, in any order, in place of what was here. New ones are numbered from
    // `first_id` on; 0: from after the highest.
    void restore(std::vector<order_record> orders, std::uint64_t first_id = 0);

    // `now` lies not before that of the last settle().
    order_record add(std::string_view place, std::string_view domain, wall_time now);

    // Another daemon's order, or its end. Dated before the newest that is here, it counts as of
    // that one's time: a little longer than it need.
    void learn(order_record what, wall_time now);

    // nullopt: not known, dropped, or its end is known already.
    std::optional<order_record> end(std::uint64_t id, order_end how, std::optional<wall_time> not_before);

    // Drops what is too old. Orders dated after `now`, as when the clock was set back, happen now.
    void settle(wall_time now);

    // From the newest to the oldest, without those that were not sent.
    [[nodiscard]] const order* newest(by what, std::string_view text) const;
    [[nodiscard]] const order* older(by what, const order& than) const;

    [[nodiscard]] std::size_t size() const { return orders_.size(); }

private:
    using position = std::uint32_t; // counts on from order to order, so those of older ones stay right
    static constexpr position nowhere = 0xFFFF'FFFF;
    using newest_positions = std::array<position, 3>; // [by]

    struct open_order {
        position where;
        std::string place;
        std::string domain;
    };

    order& at(position where) { return orders_[where - first_]; }
    [[nodiscard]] const order* find(position where) const;
    [[nodiscard]] bool is_known(const order_record& what) const;
    void append(order_record what);
    void unlink(by what, position where);
    void set_newest(by what, digest key, position where);
    void drop_oldest();

    std::deque<order> orders_; // by time; those that were not sent stay, unlinked
    position first_ = 0;       // of orders_.front()
    std::unordered_map<digest, newest_positions> newest_;
    std::unordered_map<std::uint64_t, open_order> open_; // by id; whose end is unknown
    std::uint64_t next_id_ = 1;
};

} // namespace hosting
