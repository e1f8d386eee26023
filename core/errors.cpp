#include "core/errors.hpp"

#include <array>
#include <cstddef>

namespace hosting {
namespace {

using enum failure_class;

struct row {
    errc cause;
    failure_class what;
    std::string_view code;
    std::string_view who;
};

constexpr std::string_view nobody = "set the site to pending again later";
constexpr std::string_view server_admin = "the server's administrator must act";
constexpr std::string_view dns_owner = "the domain's DNS must point to the server";
constexpr std::string_view hub_admin = "an administrator of the Management Hub must act";
constexpr std::string_view service_operator = "the operator of the hosting automator must act";
constexpr std::string_view analytics_admin = "the Matomo administrator must act";

// The one classification. In the order of the enum; a static_assert below holds it there.
constexpr std::array table{
    row{errc::domain_invalid, permanent, "E_DOMAIN_INVALID", "correct the domain in the Management Hub"},
    row{errc::server_unknown, permanent, "E_SERVER_UNKNOWN",
        "correct the site's server in the Management Hub"},
    row{errc::server_ambiguous, permanent, "E_SERVER_AMBIGUOUS",
        "name the site's server in the Management Hub, or set cloudpanel.default_server"},

    row{errc::ssh_unreachable, snooze, "E_SSH_UNREACHABLE", server_admin},
    row{errc::ssh_not_started, snooze, "E_SSH_UNREACHABLE", nobody},
    row{errc::ssh_outcome_unknown, transient, "E_SSH_UNREACHABLE", nobody},
    row{errc::ssh_auth, needs_operator, "E_SSH_AUTH",
        "put the right key into the server's row, or on the server"},
    row{errc::ssh_key, needs_operator, "E_SSH_KEY", "put a usable private key into the server's row"},
    row{errc::ssh_host_key, needs_operator, "E_SSH_HOST_KEY", "check that the server is the right one"},

    row{errc::clpctl_missing, needs_operator, "E_CLPCTL_MISSING", "install CloudPanel on the server"},
    row{errc::clpctl_privilege, needs_operator, "E_CLPCTL_PRIVILEGE",
        "allow the user sudo on the server (see the README)"},
    row{errc::panel_broken, snooze, "E_PANEL", server_admin},
    row{errc::panel_busy, snooze, "E_PANEL", nobody},
    row{errc::panel_database_locked, snooze, "E_PANEL", nobody},
    row{errc::panel_suffix_list, snooze, "E_PANEL", "the server must be able to reach publicsuffix.org"},
    row{errc::panel_disk_full, snooze, "E_PANEL", server_admin},
    row{errc::panel_unexpected_answer, transient, "E_PANEL", server_admin},

    row{errc::site_refused, permanent, "E_SITE_ADD", server_admin},
    row{errc::site_step, transient, "E_SITE_ADD", server_admin},
    row{errc::site_names_used, permanent, "E_SITE_ADD", server_admin},
    row{errc::site_half_made, transient, "E_SITE_ADD", server_admin},
    row{errc::site_owner, permanent, "E_SITE_OWNER", server_admin},

    row{errc::cert_dns, transient, "E_CERT_DNS", dns_owner},
    row{errc::cert_validation, transient, "E_CERT_VALIDATION",
        "ports 80 and 443 of the domain must lead to the server"},
    row{errc::cert_rate_limit, transient, "E_CERT_RATE_LIMIT", nobody},
    row{errc::cert_account, transient, "E_CERT", server_admin},
    row{errc::cert_not_good, transient, "E_CERT", server_admin},

    row{errc::step_timeout, transient, "E_TIMEOUT", server_admin},

    row{errc::supabase_unreachable, snooze, "E_INTERNAL", nobody},
    row{errc::supabase_refused, needs_operator, "E_INTERNAL", service_operator},
    row{errc::supabase_schema, needs_operator, "E_INTERNAL", hub_admin},
    row{errc::supabase_unexpected, snooze, "E_INTERNAL", service_operator},
    row{errc::row_rejected, permanent, "E_INTERNAL", hub_admin},

    row{errc::matomo_unreachable, transient, "E_INTERNAL", analytics_admin},
    row{errc::matomo_refused, needs_operator, "E_INTERNAL", analytics_admin},
    row{errc::matomo_unexpected, transient, "E_INTERNAL", analytics_admin},
    row{errc::matomo_not_configured, needs_operator, "E_INTERNAL", service_operator},

    row{errc::internal, transient, "E_INTERNAL", service_operator},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (table[i].cause != static_cast<errc>(i)) return false;
    return table.size() == static_cast<std::size_t>(errc::internal) + 1;
}
static_assert(in_order(), "one row for each errc, in the enum's order");

constexpr const row& row_of(errc code) noexcept { return table[static_cast<std::size_t>(code)]; }

} // namespace

failure_class class_of(errc code) noexcept { return row_of(code).what; }
std::string_view code_name(errc code) noexcept { return row_of(code).code; }
std::string_view who_must_act(errc code) noexcept { return row_of(code).who; }

} // namespace hosting
