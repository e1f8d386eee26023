// What a remote script printed, taken apart. Strict: whatever is not as the script writes it is no answer.
#pragma once

#include "core/steps.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hosting::cloudpanel {

struct script_output {
    enum class kind {
        incomplete, // the script did not come to its end, or never began
        lock_busy,  // the lock was not free in time
        lock_error, // there can be no lock: no flock, no /run/lock, no rights
        looked,     // nothing but the look was asked for
        found,      // a vhost was there
        user_used,  // the user was there
        guard,      // another certificate than last seen was there
        ran         // clpctl ran; see below
    };
    kind what = kind::incomplete;
    bool began = false;       // the shell came to run the script at all
    int clpctl_status = -1;   // when it ran; 124 and 137: it ran into its limit
    std::string clpctl_out;   // its stdout
    bool vhost = false;       // from here on: the look at the end
    std::string vhost_root;   // of the first root directive
    std::string certificates; // PEM texts, the leaf first
};

[[nodiscard]] script_output parse_script_output(std::string_view text, std::string_view nonce);

// The view of a site that the final look shows.
[[nodiscard]] site_view view_of(const script_output& out, std::string_view domain);

} // namespace hosting::cloudpanel
