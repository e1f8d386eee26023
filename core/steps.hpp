// What is asked of a server and what comes back: the words between the machine and the port hosts.
#pragma once

#include "core/certificate.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace hosting {

// What a look at the server shows of a site.
struct site_view {
    bool exists = false;    // there is a vhost
    std::string vhost_root; // of the vhost, as written there; empty: it has none
    std::string owner;      // the user in vhost_root; empty: it is not of the form /home/USER/...
    std::optional<certificate> installed;
};

// Where daemons share the sites: what tells a server whether this one may still act on a site. Under its lock
// the server refuses a token that is lower than the highest it has seen for the queue and domain.
struct fence {
    std::string queue; // its id; empty: there is no fence
    std::uint64_t token = 0;

    friend bool operator==(const fence&, const fence&) = default;
};

struct creation {
    std::string domain; // normalised
    std::string user;   // of site_users_for
    // The panel said that it does not know the site although its files exist: make it over them.
    bool over_orphan = false;
    fence guard = {};

    friend bool operator==(const creation&, const creation&) = default;
};
struct creation_result {
    enum class kind {
        found,     // there was a vhost: nothing was done
        user_used, // the user belongs to something else: nothing was done
        created
    };
    kind what = kind::found;
    site_view view;      // as it is now
    bool orphan = false; // user_used: by what a broken-off attempt left of this very site
};

// Whether a name has an address, as far as we can see.
enum class address_check { some, none, unknown };

struct installation {
    std::string domain; // normalised
    std::string mark;   // of the certificate last seen; empty: none was
    fence guard = {};

    friend bool operator==(const installation&, const installation&) = default;
};
struct installation_result {
    enum class kind {
        guard_failed, // the certificate was not the one last seen: nothing was done
        installed     // the panel says so; judge the view
    };
    kind what = kind::guard_failed;
    site_view view; // as it is now
};

} // namespace hosting
