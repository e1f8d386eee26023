// What is remembered of a site between two runs of its machine.
#pragma once

#include "core/errors.hpp"
#include "core/model.hpp"
#include "core/moment.hpp"

#include <array>
#include <optional>
#include <string>

namespace hosting {

// Decided, but not known to be written. Whether it was, the row tells, compared with what it was
// (read_back.hpp).
struct undelivered_outcome {
    outcome what;
    site as_read;
    friend bool operator==(const undelivered_outcome&, const undelivered_outcome&) = default;
};

// With steady times inside one life of the program, and wall times where it is kept across lives.
template<class Time>
struct progress_in {
    std::array<unsigned, stage_count> attempts{}; // failed ones that count, by stage
    unsigned snoozes = 0;                         // in a row
    std::optional<stage> reply_lost;     // of that stage's last act; the first in a row costs no attempt
    unsigned uncertain_orders = 0;       // that may have come to a certificate which is not there
    std::optional<Time> waiting_since;   // for what is not the site's fault, without a break
    std::optional<Time> failed_since;    // the first failure of any kind
    std::optional<Time> first_refusal;   // of a certificate, by whomever
    std::optional<Time> analytics_since; // the first failure of analytics
    std::optional<std::string>
        document_root; // once the site has its certificate: analytics and report are left
    std::optional<undelivered_outcome> undelivered; // decided, but not yet written
    stage at = stage::site;                         // of the last failure
    failure last;                                   // the last failure, if failed_since
    std::optional<errc> announced;                  // the cause that the row's error_message was told of

    friend bool operator==(const progress_in&, const progress_in&) = default;
};
using site_progress = progress_in<steady_time>;

} // namespace hosting
