// Supabase as the port site_queue shows it: the hub behind a network.
#pragma once

#include "core/ports/site_queue.hpp"
#include "tests/simulation/ports/begun_call.hpp"
#include "tests/simulation/ports/lease_book.hpp"
#include "tests/simulation/ports/supabase_link.hpp"

#include <functional>
#include <map>
#include <set>

namespace simulation {

class queue_port final : public hosting::site_queue {
public:
    // `book`: of the leases, where the rows are shared; else null.
    queue_port(world& w, life_clock& clock, lease_book* book)
        : world_(w)
        , clock_(clock)
        , link_(w, clock)
        , book_(book) {}

    asio::awaitable<hosting::result<hosting::pending_rows>> pending() override;
    asio::awaitable<hosting::result<hosting::pending_rows>> newest() override;
    asio::awaitable<hosting::result<std::optional<hosting::site>>> read(std::string id) override;
    asio::awaitable<hosting::result<std::vector<hosting::server>>> servers() override;
    asio::awaitable<hosting::result<hosting::secret>> private_key(std::string id) override;
    asio::awaitable<hosting::result<hosting::delivery>> report(hosting::site as_read,
                                                               hosting::outcome what) override;

    // As the daemon last read it.
    [[nodiscard]] bool is_paused(const std::string& server_id) const { return paused_.contains(server_id); }

private:
    enum class updated { fits, fits_not, lease_lost };
    [[nodiscard]] std::function<updated()>
    update_of(const hosting::site& as_read, const hosting::outcome& what, bool not_done, call_ptr at);
    asio::awaitable<hosting::result<hosting::delivery>> patch(const begun_call& c, hosting::site as_read,
                                                              hosting::outcome what);
    [[nodiscard]] way way_of(std::optional<fault> fate, double where);

    world& world_;
    life_clock& clock_;
    supabase_link link_;
    lease_book* book_;
    std::set<std::string> paused_;
    std::size_t largest_page_ = 0; // that was seen: a shorter one is the last
};

} // namespace simulation
