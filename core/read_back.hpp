// What a row that was read back says about an update of ours whose answer was lost, or was that no row
// fitted.
#pragma once

#include "core/model.hpp"

namespace hosting {

enum class read_back {
    ours,    // our values stand there, or stood there until somebody asked anew
    as_read, // nothing happened to it: the update never arrived
    changed  // somebody else's doing, and it cannot be seen that ours was there
};

// An update may have arrived and the Hub may have set the row to pending again since: what nobody but us
// writes (our message, our document root, a new Matomo id), and what was not there before, shows that. A row
// that only differs in its message was touched as well, and is left alone.
[[nodiscard]] read_back compare(const site& now, const site& as_read, const outcome& what);

} // namespace hosting
