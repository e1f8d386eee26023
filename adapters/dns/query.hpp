// One question to c-ares, on a channel of its own, so that it can be dropped without touching any other.
#pragma once

#include "adapters/dns/answers.hpp"
#include "adapters/dns/resolver.hpp"

#include <functional>
#include <memory>
#include <string>

namespace hosting::dns {

// Not thread-safe: made, used and destroyed on the executor given, which must be a strand. Destroying it ends
// it.
class query {
public:
    virtual ~query() = default;

    // `progress` is called after each family's answer, perhaps before this returns, and must not destroy the
    // query.
    virtual void start(std::function<void()> progress) = 0;

    [[nodiscard]] virtual const family_answer& v6() const = 0;
    [[nodiscard]] virtual const family_answer& v4() const = 0;
};

enum class source { hosts_file, dns };

// From the hosts file the answer is there when start() returns.
[[nodiscard]] std::unique_ptr<query> make_query(boost::asio::any_io_executor strand, std::string name,
                                                source where, const settings& with);

} // namespace hosting::dns
