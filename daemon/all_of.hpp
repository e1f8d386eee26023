// Several coroutines at once.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

namespace hosting {

// Runs them on the caller's executor, of one thread, and returns when all have ended. Throws what one of them
// threw, once all have.
[[nodiscard]] boost::asio::awaitable<void> all_of(std::vector<boost::asio::awaitable<void>> jobs);

} // namespace hosting
