// What we know of an installed certificate, and when it is good enough to be left alone.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hosting {

struct certificate {
    std::string mark;     // a part of its text that no other certificate has; the remote guard compares it
    bool readable = true; // false: there is something, but no program can use it; nothing else is known of it
    bool self_signed = false;
    bool staging = false; // from Let's Encrypt's staging environment
    bool covers_domain = false;
    std::chrono::system_clock::time_point not_before;
    std::chrono::system_clock::time_point not_after;

    friend bool operator==(const certificate&, const certificate&) = default;
};

enum class certificate_verdict {
    good,
    none,
    unreadable,
    self_signed,
    staging,
    other_name,
    expired,
    expires_soon
};
[[nodiscard]] std::string_view to_string(certificate_verdict verdict) noexcept;

// Good: not self-signed, not from staging, for the domain, and valid for at least the lesser of
// `keep_if_valid_for` and a third of its lifetime.
[[nodiscard]] certificate_verdict judge(const std::optional<certificate>& installed,
                                        std::chrono::system_clock::time_point now,
                                        std::chrono::seconds keep_if_valid_for);

// Whether a new one is to be ordered. On a site that somebody else made only what is plainly broken is
// replaced.
[[nodiscard]] bool wants_order(certificate_verdict verdict, bool foreign_owner) noexcept;

} // namespace hosting
