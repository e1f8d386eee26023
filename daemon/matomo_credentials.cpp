#include "daemon/matomo_credentials.hpp"

namespace hosting {

namespace asio = boost::asio;

matomo::credentials_source matomo_credentials(const configuration& c, supabase::hub& hub) {
    if (!c.matomo.url.empty())
        return [fixed = matomo::credentials{c.matomo.url, c.matomo.token}]()
                   -> asio::awaitable<result<std::optional<matomo::credentials>>> { co_return fixed; };
    return [&hub]() -> asio::awaitable<result<std::optional<matomo::credentials>>> {
        auto row = co_await hub.service_credentials("matomo");
        if (!row) co_return row.error();
        if (!*row) co_return std::optional<matomo::credentials>();
        std::optional<matomo::credentials> found;
        found.emplace((*row)->url, (*row)->token);
        co_return found;
    };
}

} // namespace hosting
