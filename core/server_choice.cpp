#include "core/server_choice.hpp"

#include "core/message_text.hpp"

#include <algorithm>

namespace hosting {
namespace {

constexpr std::size_t shown = 60;

result<server> usable(const server& s) {
    if (s.address.empty())
        return failure{errc::server_unknown,
                       "the row of the server '" + plain_text(label(s), shown) + "' has no usable address"};
    if (s.port == 0)
        return failure{errc::server_unknown,
                       "the row of the server '" + plain_text(label(s), shown) + "' has no usable SSH port"};
    return s;
}

} // namespace

result<server> choose_server(const std::optional<std::string>& server_id, std::span<const server> servers,
                             std::string_view default_server) {
    if (server_id) {
        const auto named = std::ranges::find(servers, *server_id, &server::id);
        if (named == servers.end())
            return failure{errc::server_unknown,
                           "the site's server_id '" + plain_text(*server_id, shown) + "' is no server's"};
        return usable(*named);
    }
    if (!default_server.empty()) {
        const auto is_default = [&](const server& s) {
            return s.id == default_server || s.name == default_server;
        };
        const auto found = std::ranges::find_if(servers, is_default);
        if (found == servers.end())
            return failure{errc::server_unknown, "the site names no server, and cloudpanel.default_server '" +
                                                     plain_text(default_server, shown) +
                                                     "' is no server's id or name"};
        if (std::ranges::find_if(std::next(found), servers.end(), is_default) != servers.end())
            return failure{errc::server_ambiguous,
                           "the site names no server, and cloudpanel.default_server '" +
                               plain_text(default_server, shown) + "' fits several servers"};
        return usable(*found);
    }
    const auto active = std::ranges::count_if(servers, &server::active);
    if (active == 0)
        return failure{errc::server_unknown, "the site names no server, and no server is active"};
    if (active > 1)
        return failure{errc::server_ambiguous,
                       "the site names no server, and " + std::to_string(active) + " servers are active"};
    return usable(*std::ranges::find_if(servers, &server::active));
}

} // namespace hosting
