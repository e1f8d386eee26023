// The shared queue as the ports claims and memory show it, in one life of a daemon.
#pragma once

#include "core/ports/claims.hpp"
#include "core/ports/memory.hpp"
#include "tests/simulation/ports/lease_book.hpp"
#include "tests/simulation/ports/outbox.hpp"

namespace simulation {

// Between the database's clock, as it was told last, and this machine's.
class database_clock {
public:
    explicit database_clock(life_clock& clock)
        : clock_(clock) {}

    void told(wall_time now) {
        told_ = now;
        at_ = clock_.steady();
    }
    [[nodiscard]] wall_time here(wall_time there) const { return clock_.wall() + (there - now()); }
    [[nodiscard]] wall_time there(wall_time here) const { return now() + (here - clock_.wall()); }
    // The database's, as far as this machine can tell.
    [[nodiscard]] wall_time now() const {
        return told_ + std::chrono::duration_cast<wall_time::duration>(clock_.steady() - at_);
    }

private:
    life_clock& clock_;
    wall_time told_;
    steady_time at_;
};

// What both ports of a life share: its leases, what it has to tell, and how far it has heard.
class shared_desk {
public:
    shared_desk(world& w, life_clock& clock, asio::any_io_executor executor, std::string worker);

    using claimed = shared_queue::claimed;
    // Rows come to stand in the book; times stay the database's.
    asio::awaitable<hosting::result<claimed>> claim(hosting::claim_demand wanted);
    asio::awaitable<std::optional<hosting::failure>> enter();
    asio::awaitable<void> leave();
    asio::awaitable<hosting::result<hosting::memory::order_answer>> order(hosting::order_record what);

    // Those that are not known yet, in this machine's time.
    [[nodiscard]] std::vector<hosting::order_record>
    unheard(const std::vector<shared_queue::changed_order>& orders, std::uint64_t upto);
    [[nodiscard]] std::uint64_t id_there(std::uint64_t id) const { return (number_ << 32U) | id; }

    lease_book book;
    outbox out;
    database_clock time;

private:
    asio::awaitable<void> renew_for_ever();
    asio::awaitable<void> renew();
    asio::awaitable<hosting::result<claimed>> send_claim(hosting::claim_demand wanted);
    void heard(steady_time sent, const std::map<std::string, std::uint64_t>& held);

    world& world_;
    life_clock& clock_;
    supabase_link link_;
    hosting::server_turns turns_; // one request about leases at a time
    std::uint64_t number_ = 0;    // 0: not entered
    shared_queue::cursors seen_;
    bool left_ = false;
};

class claims_port final : public hosting::claims {
public:
    claims_port(world& w, shared_desk& desk)
        : world_(w)
        , desk_(desk) {}
    asio::awaitable<hosting::result<hosting::claim_answer>> claim(hosting::claim_demand wanted) override;
    [[nodiscard]] std::optional<hosting::fence> held(const std::string& site_id) const override {
        return desk_.book.held(site_id);
    }
    void give_back(std::string site_id) override;
    asio::awaitable<void> leave() override;

private:
    world& world_;
    shared_desk& desk_;
};

class shared_memory_port final : public hosting::memory {
public:
    shared_memory_port(world& w, shared_desk& desk)
        : world_(w)
        , desk_(desk) {}
    asio::awaitable<hosting::result<hosting::memories>> load() override;
    [[nodiscard]] std::string installation_id() const override { return std::string(shared_queue::id); }
    void keep(hosting::site_record what) override;
    void forget_site(std::string site_id) override;
    void keep(hosting::server_facts what) override;
    void keep(hosting::incident_record what) override;
    void forget_incident(std::string place) override;
    asio::awaitable<hosting::result<order_answer>> keep_order(hosting::order_record what) override;
    void end_order(hosting::order_record what) override;
    asio::awaitable<void> flush() override;

private:
    world& world_;
    shared_desk& desk_;
};

} // namespace simulation
