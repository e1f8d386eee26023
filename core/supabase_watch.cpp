#include "core/supabase_watch.hpp"

#include "core/message_text.hpp"

#include <algorithm>

namespace hosting {
namespace {

constexpr std::chrono::milliseconds longest_pause{60'000};
constexpr std::chrono::seconds passing{60}; // what a person must mend may still mend itself within this

} // namespace

std::optional<supabase_watch::line>
supabase_watch::failed(const failure& why, std::chrono::milliseconds interval, const moment& now) {
    const bool first = !since_;
    if (first) since_ = now.steady;
    pause_ = first ? interval : std::min(pause_ * 2, std::max(longest_pause, interval));
    next_poll_ = now.steady + pause_;
    if (why.not_before && *why.not_before > now.wall)
        next_poll_ = std::max(next_poll_, now.steady + (*why.not_before - now.wall));
    const bool lasts = now.steady - *since_ >= passing && class_of(why.code) == failure_class::needs_operator;
    const bool becomes_error = lasts && !called_error_;
    if (!first && because_ == why.code && !becomes_error) return std::nullopt;
    because_ = why.code;
    called_error_ = lasts;
    return line{lasts ? log_level::error : log_level::warning,
                "Supabase cannot be used, it is tried again and again: " + why.detail};
}

std::optional<supabase_watch::line> supabase_watch::answered(const moment& now) {
    if (!since_) return std::nullopt;
    const auto away = std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - *since_);
    since_.reset();
    called_error_ = false;
    return line{log_level::info, "Supabase is back after " + duration_text(away)};
}

} // namespace hosting
