#include "core/model.hpp"

namespace hosting {

std::string_view to_string(stage s) noexcept {
    switch (s) {
    case stage::site: return "site";
    case stage::certificate: return "certificate";
    case stage::analytics: return "analytics";
    case stage::report: return "report";
    }
    return "?";
}

} // namespace hosting
