// CloudPanel servers: the port `hosts` over SSH and clpctl.
#pragma once

#include "adapters/ssh/client.hpp"
#include "core/ports/hosts.hpp"
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

[[nodiscard]] std::unique_ptr<hosts> make_hosts(boost::asio::any_io_executor executor, settings, ssh::pool&,
                                                row_key_source);

} // namespace hosting::cloudpanel
