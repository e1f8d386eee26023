#include "daemon/endpoint/routes.hpp"

#include <algorithm>
#include <array>

namespace hosting::endpoint {
namespace {

constexpr std::string_view reading = "GET, HEAD";
constexpr std::string_view acting = "POST";

struct path {
    std::string_view text;
    question asked;
    std::string_view methods;
};
constexpr std::array paths{
    path{"/", question::status, reading},         path{"/health", question::status, reading},
    path{"/livez", question::alive, reading},     path{"/readyz", question::ready, reading},
    path{"/metrics", question::metrics, reading}, path{"/process", question::process, acting},
};

bool has_parameter(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view one = query.substr(0, end);
        if (one.substr(0, one.find('=')) == name) return true;
        query.remove_prefix(end == query.npos ? query.size() : end + 1);
    }
    return false;
}

} // namespace

route route_of(std::string_view method, std::string_view target) {
    const auto mark = target.find('?');
    const std::string_view text = target.substr(0, mark);
    const auto found = std::ranges::find(paths, text, &path::text);
    if (found == paths.end()) return {};
    const bool fits = found->methods == reading ? method == "GET" || method == "HEAD" : method == "POST";
    const bool verbose = mark != target.npos && has_parameter(target.substr(mark + 1), "verbose");
    return {found->asked, found->methods, fits, verbose};
}

} // namespace hosting::endpoint
