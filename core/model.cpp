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

std::string place_of(const server& s) {
    const bool bare_v6 = s.address.find(':') != std::string::npos;
    return s.user + '@' + (bare_v6 ? '[' + s.address + ']' : s.address) + ':' + std::to_string(s.port);
}

} // namespace hosting
