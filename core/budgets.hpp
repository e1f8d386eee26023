// Let's Encrypt's limits, counted from the orders that we know of. Pure; not thread-safe.
//
// Limits as of 2026-08-05 (letsencrypt.org/docs/rate-limits): 300 orders per account and 3 h (an account is a
// CloudPanel server; the configuration's orders_per_server_per_3h stays below), 50 certificates per
// registered domain and 5 per exact set of names in 7 days, whichever account asks, 5 failed validations per
// name and account in an hour. Theirs refill bit by bit; ours are counted in sliding windows, which never
// allow more. An order counts from its time until, exclusively, the window's length after it.
//
// A registered domain and its "www." are ordered together, so they are one name here.
//
// Orders that Let's Encrypt refused for now: none for that name before the time that it named (a time that is
// not after the order is none; at most 7 days after it); where it named none, an hour after the order,
// doubled with each refusal in a row, at most a day. In a row: with no other known answer in between, and
// within 7 days before the last. And when a server had such refusals for three names within 3 h, none for any
// name of that server for 3 h from the last of these.
#pragma once

#include "core/order_log.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hosting {

class certificate_budgets {
public:
    // At least one.
    explicit certificate_budgets(std::size_t orders_per_server_per_3h)
        : orders_per_server_(orders_per_server_per_3h) {}

    void set_limit(std::size_t orders_per_server_per_3h) { orders_per_server_ = orders_per_server_per_3h; }
    [[nodiscard]] std::size_t limit() const noexcept { return orders_per_server_; }

    // What earlier lives ordered, and the number of the next order (0: any). Before anything is added.
    void restore(std::vector<order_record> orders, std::uint64_t first_id = 0) {
        log_.restore(std::move(orders), first_id);
    }
    // What another daemon ordered, or came to know of its order; each once.
    void learn(order_record what, wall_time now) {
        forget_old(now);
        log_.learn(std::move(what), now);
    }

    // Why no order for `domain` (normalised) may be sent from the server `place` before `until`.
    struct hold {
        wall_time until; // after `now`, by no more than the limit's window
        std::string why; // one sentence without a final stop
    };
    // nullopt: it may be sent now. Of several limits, the one that holds longest. Forgets what is old, too.
    [[nodiscard]] std::optional<hold> held(std::string_view place, std::string_view domain, wall_time now);

    // An order that is about to be sent. Counted from now on.
    [[nodiscard]] order_record add(std::string_view place, std::string_view domain, wall_time now);

    // What became of it; the record as it is now, or nullopt for an id that is unknown, forgotten, or whose
    // end was told before (`unknown` is no end). `not_before` matters where it is `rate_limited`.
    std::optional<order_record> end(std::uint64_t id, order_end how, std::optional<wall_time> not_before);

    // Orders that the server may still send within this window; none while it rests.
    [[nodiscard]] std::size_t remaining(std::string_view place, wall_time now) const;

    // Drops what no window reaches any more. Cheap enough for every order. An order that is dated after
    // `now`, as when the clock was set back, counts as of `now` from here on, so that it holds nothing for
    // longer than a window.
    void forget_old(wall_time now) { log_.settle(now); }

private:
    std::size_t orders_per_server_;
    order_log log_;
};

// What an order that ended with this cause counts as.
[[nodiscard]] order_end order_end_of(errc cause) noexcept;

} // namespace hosting
