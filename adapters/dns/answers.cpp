#include "adapters/dns/answers.hpp"

#include <ares.h>

namespace hosting::dns {

using kind = family_answer::kind;

family_answer::kind kind_of(int status) noexcept {
    switch (status) {
    case ARES_SUCCESS: return kind::found;
    case ARES_ENODATA: return kind::no_addresses;
    case ARES_ENOTFOUND:
    case ARES_ENONAME:
    case ARES_EBADNAME: return kind::no_such_name;
    default: return kind::no_answer;
    }
}

bool settled(const family_answer& v6, const family_answer& v4) noexcept {
    if (v6.what == kind::no_such_name || v4.what == kind::no_such_name) return true;
    return v6.what != kind::pending && v4.what != kind::pending;
}

resolution combine(const std::string& name, family_answer v6, family_answer v4) {
    resolution out;
    if (v6.what == kind::found || v4.what == kind::found) {
        out.what = resolution::kind::found;
        out.addresses = std::move(v6.addresses);
        out.addresses.insert(out.addresses.end(), v4.addresses.begin(), v4.addresses.end());
        out.detail = "the name " + name + " was found";
    } else if (v6.what == kind::no_such_name || v4.what == kind::no_such_name) {
        out.what = resolution::kind::no_such_name;
        out.detail = "the name " + name + " does not exist in DNS";
    } else if (v6.what == kind::no_addresses && v4.what == kind::no_addresses) {
        out.what = resolution::kind::no_such_name;
        out.detail = "the name " + name + " has no address in DNS";
    } else {
        const family_answer& failed = v4.what == kind::no_answer ? v4 : v6;
        std::string why = failed.what == kind::no_answer ? failed.why : "no answer in time";
        out.detail = "DNS gave no answer about the name " + name + ": " + why;
    }
    return out;
}

} // namespace hosting::dns
