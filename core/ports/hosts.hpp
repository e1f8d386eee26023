// Port: the servers that sites live on. Implemented by adapters/cloudpanel, over adapters/ssh.
#pragma once

#include "core/model.hpp"
#include "core/records.hpp"
#include "core/result.hpp"
#include "core/steps.hpp"

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

namespace hosting {

// Each call looks and acts under one lock on the server, so that a command of an earlier life is waited for
// and then seen, not repeated. The caller sees to it that at most one mutating call at a time runs per place
// (place_of); where several do all the same, the lock lets one after the other act. Calls may be made from
// any executor and resume on the caller's. Failures: ssh_*, clpctl_*, panel_*, site_*, cert_*, step_timeout,
// and supabase_unreachable or server_unknown where the server's key cannot be read. After ssh_outcome_unknown
// the act may have happened: call again, it looks first.
class hosts {
public:
    virtual ~hosts() = default;

    // What earlier lives saw of the servers, and the id by which this installation is told from others.
    // Before the first step.
    virtual void recall(std::vector<server_facts> known, std::string installation_id) = 0;

    // Looks only, without the lock.
    virtual boost::asio::awaitable<result<site_view>> look(server where, std::string domain) = 0;

    virtual boost::asio::awaitable<result<creation_result>> create_site(server where, creation what) = 0;

    // Orders and installs a certificate. site_half_made: the panel does not know the site.
    virtual boost::asio::awaitable<result<installation_result>> install_certificate(server where,
                                                                                    installation what) = 0;
};

} // namespace hosting
