// Name resolution with c-ares: any number of look-ups at a time, no threads, a real deadline for each.
//
// tcp::resolver is not used: it has one thread per io_context, cannot be cancelled, and one silent DNS server stalls
// everything behind it for ten seconds.
#pragma once

#include "core/ports/resolver.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <memory>

namespace hosting::dns {

// Reads /etc/hosts and /etc/resolv.conf as the system does. At most `parallel` look-ups at a time; more wait, and
// their wait counts. Thread-safe.
[[nodiscard]] std::unique_ptr<resolver> make_resolver(boost::asio::any_io_executor executor,
                                                      std::size_t parallel = 32);

} // namespace hosting::dns
