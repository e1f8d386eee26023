// Port: name resolution. Implemented by adapters/dns; used by http and ssh, and by the preflight of
// certificates.
#pragma once

#include "core/result.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <string>
#include <vector>

namespace hosting {

// What a look-up found. A name that does not exist and a resolver that does not answer are different answers.
struct resolution {
    enum class kind { found, no_such_name, no_answer };
    kind what = kind::no_answer;
    std::vector<boost::asio::ip::address> addresses; // empty unless found; in the order they should be tried
    std::string detail;                              // one sentence, for an error message
};

class resolver {
public:
    virtual ~resolver() = default;

    // Resolves a name (or an address in text form, at once) within `limit`, without blocking any thread. May
    // be called from any executor and resumes on the caller's.
    virtual boost::asio::awaitable<resolution> resolve(std::string name, std::chrono::milliseconds limit) = 0;
};

} // namespace hosting
