// CloudPanel servers: the port `hosts` over SSH and clpctl.
#pragma once

#include "adapters/ssh/client.hpp"
#include "core/ports/hosts.hpp"
#include "core/ports/log.hpp"
#include "core/records.hpp"
#include "core/secret.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace hosting::cloudpanel {

struct settings {
    std::chrono::seconds site_add_timeout{180};
    std::chrono::seconds certificate_timeout{600};
    // How long a private key that was read is trusted to be the row's before it is read again.
    std::chrono::milliseconds key_recheck{5'000};
};

// The private key in a server's row, by the row's id.
using row_key_source = std::function<boost::asio::awaitable<result<secret>>(std::string server_id)>;

// Hears of all facts of a place whenever one of them changes, and of a refusal before the call that met it
// returns. Called on a strand; must not block.
using facts_listener = std::function<void(server_facts)>;

// The port hosts, with what it knows of each place. A server that refused us is left in peace: until the key
// in its row changes, or for an hour after a refused login (a minute for a host key, five where clpctl or the
// right to use it is missing), calls return the same failure without a connection. There is one login for
// each key in that time, whatever the number of calls. What worked before and does not any more is told as
// ssh_auth_revoked, ssh_host_key_replaced, clpctl_gone or clpctl_privilege_gone.
class panels : public hosts {
public:
    // The next call may try again, whatever refused us. Thread-safe, as what follows.
    virtual void forget_refusals() = 0;

    // For the calls from now on.
    virtual void reconfigure(settings) = 0;
};

// `pool` and `log` must outlive the panels, which hear of the pool's logins.
[[nodiscard]] std::unique_ptr<panels> make_panels(boost::asio::any_io_executor executor, settings, ssh::pool&,
                                                  row_key_source, facts_listener remember, log&);

} // namespace hosting::cloudpanel
