// Name resolution with c-ares: any number of look-ups at a time, no threads, a real deadline for each.
//
// tcp::resolver is not used: it has one thread per io_context, cannot be cancelled, and one silent DNS server
// stalls everything behind it for ten seconds.
#pragma once

#include "core/ports/resolver.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace hosting::dns {

struct settings {
    std::size_t parallel = 32;                        // look-ups at a time; more wait, and their wait counts
    std::chrono::milliseconds server_patience{1'500}; // then the next server is asked; three rounds, growing
    std::string servers; // "192.0.2.1:53,..." instead of those in /etc/resolv.conf
};

// /etc/hosts first, then DNS. Reads both, and /etc/resolv.conf, for every look-up, so that a change needs no
// restart. A name with a dot is looked up as it stands; only one without gets resolv.conf's search domains.
// IPv6 addresses come before IPv4 ones, and those without a route from here last. Thread-safe; look-ups may
// outlive the resolver.
[[nodiscard]] std::unique_ptr<resolver> make_resolver(boost::asio::any_io_executor executor,
                                                      settings with = {});

} // namespace hosting::dns
