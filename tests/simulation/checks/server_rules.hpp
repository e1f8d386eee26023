// What must never happen on a server, or at Let's Encrypt.
#pragma once

#include "tests/simulation/settings.hpp"
#include "tests/simulation/world/machine.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace simulation {

class server_rules final : public machine_watch {
public:
    server_rules(scene& s, const run_settings& settings)
        : scene_(s)
        , settings_(settings) {}

    void command_begins(const std::string& address, const std::string& domain, std::size_t running) override;
    void begins_under(const std::string& address, const std::string& domain,
                      const hosting::fence& shown) override {
        if (fenced) fenced(address, domain, shown);
    }
    void site_added(const std::string& address, const std::string& domain) override;
    void site_asked_again(const std::string& address, const std::string& domain) override;
    void order_sent(const std::string& address, const std::string& domain,
                    const lets_encrypt::answer& answer) override;
    void certificate_issued(const std::string& address, const std::string& domain,
                            const std::optional<hosting::certificate>& before, wall_time decided_at) override;
    void certificate_wasted(const std::string& address, const std::string& domain) override;

    // A login with a key. `tried_again`: the Hub or a person gave reason to.
    void login(std::size_t daemon, const std::string& address, const std::string& key, bool accepted);
    void may_try_again(const std::string& address) {
        for (auto& [daemon, places] : refused_)
            places.erase(address);
    }
    void may_try_all_again(std::size_t daemon) { refused_[daemon].clear(); }

    // A call that may change something begins; `paused`: as the daemon read the server's row last.
    void step_begins(const std::string& address, bool paused);

    // The daemon's memory of orders begins anew.
    void orders_forgotten() { known_since_ = scene_.time.now(); }
    // The daemon begins: what was noted while its clock was wrong may look as if it were long ago.
    void daemon_begins() { known_since_ = std::max(known_since_, scene_.clock_wrong_until()); }

    void forget(const std::string& address, const std::string& domain);

    // Who judges that.
    std::function<void(const std::string&, const std::string&, const hosting::fence&)> fenced;

private:
    using times = std::deque<steady_time>;
    [[nodiscard]] bool daemon_knows(std::chrono::hours window) const;
    void count(times& in, steady_time::duration window, std::size_t most, std::string_view of,
               const std::string& whose);

    scene& scene_;
    const run_settings& settings_;
    std::set<std::pair<std::string, std::string>> added_; // address, domain
    std::map<std::string, times> orders_;                 // by address
    std::map<std::string, times> issued_;                 // by names
    std::set<std::string> wasted_; // domains of which a certificate was issued, but not stored
    // By daemon, address and key: what one was refused, the others learn but later.
    std::map<std::size_t, std::map<std::string, std::map<std::string, steady_time>>> refused_;
    steady_time known_since_{}; // which is long ago
};

} // namespace simulation
