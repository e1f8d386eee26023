#include "tests/simulation/checks/server_rules.hpp"

#include "core/order_log.hpp"
#include "core/registered_domain.hpp"

namespace simulation {
namespace {

// An order is counted by the daemon when it queues for the server's turn, and sent when its turn has come.
constexpr auto longest_turn = 90min;
// What was under way when the memory was lost goes on.
constexpr auto longest_command = 25min;

} // namespace

void server_rules::command_begins(const std::string& address, const std::string& domain,
                                  std::size_t running) {
    scene_.say(address + ": clpctl for " + domain);
    if (running > 1) scene_.breaks("one command at a time", std::to_string(running) + " run on " + address);
}

void server_rules::site_added(const std::string& address, const std::string& domain) {
    scene_.say(address + ": " + domain + " added");
    if (!added_.emplace(address, domain).second)
        scene_.breaks("one site:add for a domain", domain + " was added on " + address + " before");
}

void server_rules::site_asked_again(const std::string& address, const std::string& domain) {
    scene_.breaks("one site:add for a domain", domain + " is there, and is asked for again on " + address);
}

bool server_rules::daemon_knows(std::chrono::hours window) const {
    const auto from = scene_.time.now() - window;
    return known_since_ + longest_command <= from && scene_.clock_ahead_until() <= from;
}

void server_rules::count(times& in, steady_time::duration window, std::size_t most, std::string_view of,
                         const std::string& whose) {
    const auto now = scene_.time.now();
    in.push_back(now);
    while (in.front() + window <= now)
        in.pop_front();
    std::size_t counted = 0;
    const auto known_from = std::max(known_since_, scene_.clock_ahead_until()) + longest_command;
    for (const auto t : in)
        counted += t > known_from;
    if (counted > most)
        scene_.breaks("limits are kept", std::to_string(counted) + " " + std::string(of) + " for " + whose);
}

void server_rules::order_sent(const std::string& address, const std::string& domain,
                              const lets_encrypt::answer& answer) {
    scene_.say(address + ": order for " + domain +
               (answer.what == lets_encrypt::answer::kind::accepted ? "" : ", refused " + answer.limit));
    const std::size_t most = settings_.promised.orders_per_server_per_3h;
    count(orders_[address], 3h - longest_turn, most, "orders", address);
    const auto window = answer.limit == "orders of an account" ? std::chrono::hours(3)
                        : answer.limit == "failed validations" ? std::chrono::hours(1)
                                                               : std::chrono::hours(7 * 24);
    if (!answer.limit.empty() && daemon_knows(window) && !wasted_.contains(domain))
        scene_.breaks("limits are kept",
                      "Let's Encrypt refuses " + domain + " for its limit of " + answer.limit);
}

void server_rules::certificate_issued(const std::string& address, const std::string& domain,
                                      const std::optional<hosting::certificate>& before,
                                      wall_time decided_at) {
    scene_.say(address + ": certificate for " + domain);
    const auto keep = settings_.promised.runner.machine.keep_if_valid_for;
    const auto good = hosting::certificate_verdict::good;
    // Whoever decided may have seen another time.
    const bool clock_just_set = scene_.clock_set() > scene_.time.now() - 30min;
    if (!clock_just_set && hosting::judge(before, decided_at, keep) == good &&
        hosting::judge(before, scene_.true_wall(), keep) == good)
        scene_.breaks("no certificate while a good one is there", domain + " on " + address);
    const auto names = hosting::names_of(domain, hosting::registered_domain(domain));
    if (wasted_.contains(domain)) return;
    count(issued_[std::string(names)], std::chrono::hours(7 * 24) - longest_turn, 5, "certificates of a week",
          domain);
}

// When the answer is lost, too, the daemon counts several of these in a row as one.
void server_rules::certificate_wasted(const std::string& address, const std::string& domain) {
    scene_.say(address + ": the certificate for " + domain + " is lost");
    wasted_.insert(domain);
}

void server_rules::login(std::size_t daemon, const std::string& address, const std::string& key,
                         bool accepted) {
    auto& all = refused_[daemon][address];
    const auto now = scene_.time.now();
    const auto last = all.find(key);
    if (last != all.end() && last->second + 1h > now + 1s)
        scene_.breaks("a refused key is left in peace", "another login on " + address + " with " + key);
    if (accepted)
        all.erase(key);
    else
        all[key] = now;
}

void server_rules::step_begins(const std::string& address, bool paused) {
    if (paused) scene_.breaks("a paused server is left alone", "a step begins on " + address);
}

void server_rules::forget(const std::string& address, const std::string& domain) {
    added_.erase({address, domain});
    wasted_.erase(domain);
    issued_.erase(std::string(hosting::names_of(domain, hosting::registered_domain(domain))));
}

} // namespace simulation
