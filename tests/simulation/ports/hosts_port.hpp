// The servers as the port hosts shows them: sessions, logins, and scripts on the machines. Who may log in
// when is decided by the adapter's own code (adapters/cloudpanel/places.hpp).
#pragma once

#include "adapters/cloudpanel/places.hpp"
#include "core/ports/hosts.hpp"
#include "tests/simulation/ports/begun_call.hpp"
#include "tests/simulation/ports/letter.hpp"
#include "tests/simulation/ports/queue_port.hpp"

#include <functional>
#include <map>
#include <optional>

namespace simulation {

class hosts_port final : public hosting::hosts {
public:
    hosts_port(world& w, life_clock& clock, queue_port& keys,
               std::function<void(hosting::server_facts)> remember, hosting::log& journal)
        : world_(w)
        , clock_(clock)
        , keys_(keys)
        , places_(std::move(remember), journal) {}

    void recall(std::vector<hosting::server_facts> known, std::string installation_id) override;
    asio::awaitable<hosting::result<hosting::site_view>> look(hosting::server where,
                                                              std::string domain) override;
    asio::awaitable<hosting::result<hosting::creation_result>> create_site(hosting::server where,
                                                                           hosting::creation what) override;
    asio::awaitable<hosting::result<hosting::installation_result>>
    install_certificate(hosting::server where, hosting::installation what) override;

    void forget_refusals() { places_.forget_refusals(); }

private:
    asio::awaitable<std::optional<hosting::failure>> refresh_key(hosting::server where);
    asio::awaitable<std::optional<hosting::failure>> be_connected(const begun_call& c, hosting::server where);
    asio::awaitable<std::optional<hosting::failure>> log_in(hosting::server where);
    asio::awaitable<script_end> run(const begun_call& c, hosting::server where, script what);
    asio::awaitable<script_end> execute(const begun_call& c, hosting::server where, script what);
    asio::awaitable<script_end> wait_for(std::shared_ptr<letter_box<script_end>> box, hosting::server where,
                                         milliseconds deadline);
    void refused(const hosting::server& where, hosting::errc cause);
    [[nodiscard]] script make_script(const begun_call& c, milliseconds limit) const;

    world& world_;
    life_clock& clock_;
    queue_port& keys_;
    hosting::cloudpanel::places places_;
    std::map<std::string, unsigned> sessions_; // the boot of the machine, by place
};

} // namespace simulation
