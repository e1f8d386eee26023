// From what c-ares says of the two address families to what the look-up found.
#pragma once

#include "core/ports/resolver.hpp"

#include <string>
#include <vector>

namespace hosting::dns {

// What is known of one family (A or AAAA records).
struct family_answer {
    enum class kind {
        pending,
        found,
        no_addresses, // the name exists, but has none of this family (NODATA)
        no_such_name, // NXDOMAIN: holds for both families
        no_answer     // SERVFAIL, refused, timed out, garbled
    };
    kind what = kind::pending;
    std::vector<boost::asio::ip::address> addresses;
    std::string why; // c-ares's words, for no_answer
};

// `status` is one of c-ares's ARES_... values.
[[nodiscard]] family_answer::kind kind_of(int status) noexcept;

// Nothing more can be learned by waiting.
[[nodiscard]] bool settled(const family_answer& v6, const family_answer& v4) noexcept;

// What to tell the caller now; a family still pending has not answered in time.
[[nodiscard]] resolution combine(const std::string& name, family_answer v6, family_answer v4);

} // namespace hosting::dns
