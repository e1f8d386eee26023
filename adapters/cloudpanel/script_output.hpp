// What a remote script printed, taken apart. Strict: whatever is not as the script writes it is no answer.
#pragma once

#include "core/steps.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hosting::cloudpanel {

struct script_output {
    enum class kind {
        incomplete,  // the script did not come to its end, or never began
        lock_busy,   // the lock was not free in time
        lock_error,  // there can be no lock: no /run/lock, no rights
        fenced,      // a higher token than ours was there
        fence_error, // the fence cannot be kept; see why
        looked,      // nothing but the look was asked for
        found,       // a vhost was there
        user_used,   // the user was there
        guard,       // another certificate than last seen was there
        ran          // clpctl ran; see below
    };
    kind what = kind::incomplete;
    bool began = false;       // the shell came to run the script at all
    std::string why;          // of fence_error, in the server's words
    std::string installation; // another one's id that was on the server; empty: none was
    bool orphan = false;      // with user_used: the user has a folder for this very site
    int clpctl_status = -1;   // when it ran; 124 and 137: it ran into its limit
    std::string clpctl_out;   // its stdout
    bool vhost = false;       // from here on: the look at the end
    std::string vhost_root;   // of the first root directive
    std::string certificate;  // PEM text; the leaf, where a chain is installed
};

[[nodiscard]] script_output parse_script_output(std::string_view text, std::string_view nonce);

// What stands on the script's stderr behind its beginning: what stood there before is a login's or perl's.
[[nodiscard]] std::string_view own_errors(std::string_view err, std::string_view nonce);

// The view of a site that the final look shows.
[[nodiscard]] site_view view_of(const script_output& out, std::string_view domain);

} // namespace hosting::cloudpanel
