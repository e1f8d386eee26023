// Which question a request asks.
#pragma once

#include <optional>
#include <string_view>

namespace hosting::endpoint {

enum class question { status, alive, ready, metrics, process };

struct route {
    std::optional<question> asked; // nullopt: there is no such path
    std::string_view methods{};    // that the path has, as in an Allow header
    bool method_fits = false;
    bool verbose = false; // the query has "verbose"
};

// HEAD fits where GET does.
[[nodiscard]] route route_of(std::string_view method, std::string_view target);

} // namespace hosting::endpoint
