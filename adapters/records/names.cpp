#include "adapters/records/names.hpp"

namespace hosting::records {

std::string_view name_of(errc e) noexcept {
    switch (e) {
    case errc::domain_invalid: return "domain_invalid";
    case errc::server_unknown: return "server_unknown";
    case errc::server_ambiguous: return "server_ambiguous";
    case errc::ssh_unreachable: return "ssh_unreachable";
    case errc::ssh_not_started: return "ssh_not_started";
    case errc::ssh_outcome_unknown: return "ssh_outcome_unknown";
    case errc::ssh_auth: return "ssh_auth";
    case errc::ssh_auth_revoked: return "ssh_auth_revoked";
    case errc::ssh_key: return "ssh_key";
    case errc::ssh_host_key: return "ssh_host_key";
    case errc::ssh_host_key_replaced: return "ssh_host_key_replaced";
    case errc::clpctl_missing: return "clpctl_missing";
    case errc::clpctl_gone: return "clpctl_gone";
    case errc::clpctl_privilege: return "clpctl_privilege";
    case errc::clpctl_privilege_gone: return "clpctl_privilege_gone";
    case errc::panel_broken: return "panel_broken";
    case errc::panel_busy: return "panel_busy";
    case errc::panel_database_locked: return "panel_database_locked";
    case errc::panel_suffix_list: return "panel_suffix_list";
    case errc::panel_disk_full: return "panel_disk_full";
    case errc::panel_unexpected_answer: return "panel_unexpected_answer";
    case errc::site_refused: return "site_refused";
    case errc::site_step: return "site_step";
    case errc::site_names_used: return "site_names_used";
    case errc::site_half_made: return "site_half_made";
    case errc::site_owner: return "site_owner";
    case errc::cert_dns: return "cert_dns";
    case errc::cert_validation: return "cert_validation";
    case errc::cert_rate_limit: return "cert_rate_limit";
    case errc::cert_account: return "cert_account";
    case errc::cert_not_good: return "cert_not_good";
    case errc::cert_no_address: return "cert_no_address";
    case errc::cert_budget: return "cert_budget";
    case errc::step_timeout: return "step_timeout";
    case errc::supabase_unreachable: return "supabase_unreachable";
    case errc::supabase_refused: return "supabase_refused";
    case errc::supabase_schema: return "supabase_schema";
    case errc::supabase_unexpected: return "supabase_unexpected";
    case errc::row_rejected: return "row_rejected";
    case errc::matomo_unreachable: return "matomo_unreachable";
    case errc::matomo_refused: return "matomo_refused";
    case errc::matomo_unexpected: return "matomo_unexpected";
    case errc::matomo_not_configured: return "matomo_not_configured";
    case errc::memory_unusable: return "memory_unusable";
    case errc::lease_lost: return "lease_lost";
    case errc::internal: return "internal";
    }
    return "?";
}

std::string_view name_of(stage s) noexcept { return to_string(s); }

std::string_view name_of(outcome::kind k) noexcept {
    switch (k) {
    case outcome::kind::active: return "active";
    case outcome::kind::failed: return "failed";
    case outcome::kind::waiting: return "waiting";
    }
    return "?";
}

std::string_view name_of(order_end e) noexcept {
    switch (e) {
    case order_end::unknown: return "unknown";
    case order_end::not_sent: return "not_sent";
    case order_end::issued: return "issued";
    case order_end::validation_refused: return "validation_refused";
    case order_end::rate_limited: return "rate_limited";
    case order_end::refused: return "refused";
    }
    return "?";
}

} // namespace hosting::records
