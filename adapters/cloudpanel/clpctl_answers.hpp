// What clpctl says, and what it means. From CloudPanel CE's documentation, its issue tracker and 2.2 to 2.5
// servers.
#pragma once

#include "core/result.hpp"

#include <string_view>

namespace hosting::cloudpanel {

// list_templates reads only, and has no sentence for its success.
enum class clpctl_command { site_add, install_certificate, list_templates };

// How a clpctl command ended. `out` and `err` are text that nobody controls.
struct clpctl_answer {
    clpctl_command command = clpctl_command::site_add;
    std::string_view domain;
    int status = 0;
    std::string_view out;
    std::string_view err;
};

// What an answer means.
struct clpctl_meaning {
    enum class kind {
        success,   // exit status 0 and the exact sentence
        user_used, // only the user's name is taken, not the domain's
        failed
    };
    kind what = kind::failed;
    failure why; // when failed; its detail quotes what clpctl said, bounded, and its not_before is the time
                 // that Let's Encrypt named with a rate limit, whatever it is
};

// `secret_text` (the site's password; may be empty) is cut out of what is quoted.
[[nodiscard]] clpctl_meaning meaning_of(const clpctl_answer& answer, std::string_view secret_text);

} // namespace hosting::cloudpanel
