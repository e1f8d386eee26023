// Everything about servers on the control strand: which there are, whose turn it is, what is the matter with
// them, and how many certificates may still be ordered.
#pragma once

#include "core/budgets.hpp"
#include "core/clearance.hpp"
#include "core/events.hpp"
#include "core/scheduler.hpp"
#include "core/server_turns.hpp"
#include "core/site_ports.hpp"
#include "core/status.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hosting {

class server_desk final : public clearance {
public:
    // `changed` is called, on the strand, whenever another site may be able to start now.
    server_desk(boost::asio::any_io_executor strand, scheduler& sites, site_ports ports,
                std::size_t orders_per_server_per_3h, std::function<void()> changed);

    // clearance: from any executor.
    boost::asio::awaitable<step_permit> begin_step(server where, std::string site_id) override;
    void end_step(const server& where, const std::string& site_id, const result<void>& how,
                  bool panel_worked) override;
    boost::asio::awaitable<result<std::uint64_t>> begin_order(server where, std::string domain) override;
    boost::asio::awaitable<std::optional<wall_time>> end_order(std::uint64_t number, order_end how,
                                                               std::optional<wall_time> not_before) override;

    // All else on the strand.
    void restore(std::vector<order_record> orders, std::uint64_t first_order_id);
    // What other daemons ordered.
    void learn(std::vector<order_record> orders);
    // The servers that cannot be used, as a claim's answer has them: but for what changed here since it was
    // asked for. One claim at a time. Incidents of places to which no row leads any more are forgotten.
    void claim_begins() { told_since_claim_.clear(); }
    void adopt(const std::vector<incident_record>& incidents);
    void set_limit(std::size_t orders_per_server_per_3h) { budgets_.set_limit(orders_per_server_per_3h); }
    // The servers as last read, which was begun at that time; never empty.
    void set_servers(std::vector<server> servers, const std::string& default_server, wall_time as_of);
    [[nodiscard]] const std::shared_ptr<const std::vector<server>>& servers() const { return servers_; }
    [[nodiscard]] std::vector<server_status> status() const;
    // No step is begun any more, and nobody waits for one.
    void stop();

private:
    boost::asio::awaitable<step_permit> take_turn(server where, std::string site_id);
    [[nodiscard]] step_permit judge(const server& where, const std::string& site_id);
    void note_step(const server& where, const std::string& site_id, const result<void>& how,
                   bool panel_worked);
    void note_failure(const server& where, const std::string& site_id, const failure& why);
    void note_answer(const server& where, bool panel_worked);
    void keep_incident(const std::string& place);
    [[nodiscard]] std::vector<std::string> rows_of(const std::string& place) const;
    [[nodiscard]] bool is_left(const incident_record& known) const;
    void note_paused(const std::vector<server>& servers);
    boost::asio::awaitable<result<std::uint64_t>> place_order(server where, std::string domain);
    void take_back(std::uint64_t order);
    [[nodiscard]] std::optional<failure> held(const server& where, const std::string& domain);
    boost::asio::awaitable<std::optional<wall_time>> settle_order(std::uint64_t number, order_end how,
                                                                  std::optional<wall_time> not_before);
    // The wall clock as it would be, had nobody set it since we started; never before the newest order that
    // was kept. Budgets go by it.
    [[nodiscard]] wall_time calendar(const moment& now) const;
    void line(log_level level, std::string_view text, const server& where, const failure* why = nullptr,
              std::optional<event> milestone = std::nullopt);

    boost::asio::any_io_executor strand_;
    scheduler& sites_;
    site_ports ports_;
    certificate_budgets budgets_;
    std::function<void()> changed_;
    server_turns turns_;
    std::shared_ptr<const std::vector<server>> servers_;
    std::map<std::string, std::string> place_of_rows_; // where server_ids lead; "": rows that name none
    wall_time places_as_of_;
    std::set<std::string> paused_;           // that a line was written about, by id
    std::map<std::string, errc> parked_;     // servers that never worked and need a person, by place
    std::set<std::string> spent_;            // servers whose orders are held, that a line was written about
    std::set<std::string> told_since_claim_; // places whose incident changed by our own word
    std::uint64_t learned_ = 0;              // orders and ends of others, so far
    moment anchor_;                          // the calendar's beginning
    bool stopping_ = false;
};

} // namespace hosting
