// Whether this daemon may work on the queue as it is configured to: alone, or with others.
#pragma once

#include "adapters/shared_queue/work.hpp"
#include "core/ports/site_queue.hpp"
#include "daemon/check_report.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hosting {

using work_looker = std::function<boost::asio::awaitable<result<std::optional<shared_queue::work_view>>>()>;

// Why it may not, after a look at who works on the queue (nullopt: it is not there); the operator must act.
[[nodiscard]] std::optional<failure> misfit(bool shared, const std::optional<shared_queue::work_view>& seen);

// The same for people.
[[nodiscard]] finding judge_queue(bool shared, const result<std::optional<shared_queue::work_view>>& seen);

// The rows for a daemon that has them to itself: none before a look showed that no other one holds any. The
// hub must outlive it. Thread-safe as the hub is.
[[nodiscard]] std::unique_ptr<site_queue> make_sole_queue(site_queue& hub, work_looker look);

} // namespace hosting
