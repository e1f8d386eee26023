// The completion token of this adapter: errors are values. A named constant, since g++ 12.2 miscompiles some
// temporaries inside a co_await expression.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hosting::ssh {

inline constexpr auto as_tuple_awaitable = boost::asio::as_tuple(boost::asio::use_awaitable);

} // namespace hosting::ssh
