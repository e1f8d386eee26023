#include "core/registered_domain.hpp"

#include <libpsl.h>

namespace hosting {

std::string registered_domain(std::string_view domain) {
    const std::string name(domain);
    const char* found = psl_registrable_domain(psl_builtin(), name.c_str());
    return found ? found : name;
}

} // namespace hosting
