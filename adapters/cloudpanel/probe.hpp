// Whether a server is fit for us: found out by one login and one script that changes nothing.
#pragma once

#include "adapters/ssh/client.hpp"
#include "core/model.hpp"
#include "core/result.hpp"
#include "core/secret.hpp"

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hosting::cloudpanel {

struct panel_facts {
    std::string version;            // of the package cloudpanel; empty: dpkg does not say
    std::vector<std::string> lacks; // programs that our scripts need and the server has not
};

// Connects (within `connecting`), logs in, becomes root and asks clpctl for something harmless. Takes no lock
// on the server, and remembers nothing: whoever calls sees to it that a key that was refused is not tried
// again. Failures: ssh_*, clpctl_*, panel_* and step_timeout.
[[nodiscard]] boost::asio::awaitable<result<panel_facts>> probe(ssh::pool&, server where, secret key,
                                                                std::chrono::milliseconds connecting);

// The pure part: what the script printed.
struct probe_output {
    bool began = false;
    bool ended = false;
    panel_facts facts;
    int clpctl_status = -1;
    std::string clpctl_out;
};
[[nodiscard]] probe_output parse_probe_output(std::string_view text, std::string_view nonce);

} // namespace hosting::cloudpanel
