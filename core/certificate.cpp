#include "core/certificate.hpp"

#include <algorithm>

namespace hosting {

std::string_view to_string(certificate_verdict verdict) noexcept {
    switch (verdict) {
    case certificate_verdict::good: return "good";
    case certificate_verdict::none: return "none is installed";
    case certificate_verdict::unreadable: return "it cannot be read";
    case certificate_verdict::self_signed: return "it is self-signed";
    case certificate_verdict::staging: return "it is from a staging CA";
    case certificate_verdict::other_name: return "it is for another name";
    case certificate_verdict::expired: return "it has expired";
    case certificate_verdict::expires_soon: return "it expires soon";
    }
    return "?";
}

certificate_verdict judge(const std::optional<certificate>& installed,
                          std::chrono::system_clock::time_point now, std::chrono::seconds keep_if_valid_for) {
    using enum certificate_verdict;
    if (!installed) return none;
    if (!installed->readable) return unreadable;
    if (installed->self_signed) return self_signed;
    if (installed->not_after <= now) return expired;
    if (installed->staging) return staging;
    if (!installed->covers_domain) return other_name;
    const std::chrono::system_clock::duration lifetime = installed->not_after - installed->not_before;
    const std::chrono::system_clock::duration keep = keep_if_valid_for;
    return installed->not_after - now >= std::min(keep, lifetime / 3) ? good : expires_soon;
}

bool wants_order(certificate_verdict verdict, bool foreign_owner) noexcept {
    using enum certificate_verdict;
    switch (verdict) {
    case good: return false;
    case none:
    case unreadable:
    case self_signed:
    case expired: return true;
    case staging:
    case other_name:
    case expires_soon: return !foreign_owner;
    }
    return false;
}

} // namespace hosting
