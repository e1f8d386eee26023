// What `explain` found out, and how it is shown. Pure.
#pragma once

#include "core/explanation.hpp"

#include <string>
#include <vector>

namespace hosting {

struct explained_sites {
    std::vector<explanation> sites;
    std::vector<std::string> notes; // what could not be asked or read: sentences
};

// Sentences and lists for people.
[[nodiscard]] std::string explained_text(const explained_sites&);

// {"notes": [...], "sites": [{"site_id", "domain", "verdict", "who", "facts": [{"name", "text"}, ...]}, ...]}
[[nodiscard]] std::string explained_json(const explained_sites&);

} // namespace hosting
