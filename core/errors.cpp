#include "core/errors.hpp"

#include <array>
#include <cstddef>

namespace hosting {
namespace {

using enum failure_class;
using enum failure_scope;

struct row {
    errc cause;
    failure_class what;
    failure_scope whose;
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
    row{errc::domain_invalid, permanent, site, "E_DOMAIN_INVALID",
        "correct the domain in the Management Hub"},
    row{errc::server_unknown, permanent, site, "E_SERVER_UNKNOWN",
        "correct the site's server in the Management Hub"},
    row{errc::server_ambiguous, permanent, site, "E_SERVER_AMBIGUOUS",
        "name the site's server in the Management Hub, or set cloudpanel.default_server"},

    row{errc::ssh_unreachable, snooze, server, "E_SSH_UNREACHABLE", server_admin},
    row{errc::ssh_not_started, snooze, server, "E_SSH_UNREACHABLE", nobody},
    row{errc::ssh_outcome_unknown, transient, site, "E_SSH_UNREACHABLE", nobody},
    row{errc::ssh_auth, needs_operator, server, "E_SSH_AUTH",
        "put the right key into the server's row, or on the server"},
    row{errc::ssh_auth_revoked, snooze, server, "E_SSH_AUTH",
        "put the right key into the server's row, or on the server"},
    row{errc::ssh_key, needs_operator, server, "E_SSH_KEY", "put a usable private key into the server's row"},
    row{errc::ssh_host_key, needs_operator, server, "E_SSH_HOST_KEY",
        "check that the server is the right one"},
    row{errc::ssh_host_key_replaced, snooze, server, "E_SSH_HOST_KEY",
        "check that the server is the right one"},

    row{errc::clpctl_missing, needs_operator, panel, "E_CLPCTL_MISSING", "install CloudPanel on the server"},
    row{errc::clpctl_gone, snooze, panel, "E_CLPCTL_MISSING", "install CloudPanel on the server"},
    row{errc::clpctl_privilege, needs_operator, panel, "E_CLPCTL_PRIVILEGE",
        "allow the user sudo on the server (see the README)"},
    row{errc::clpctl_privilege_gone, snooze, panel, "E_CLPCTL_PRIVILEGE",
        "allow the user sudo on the server (see the README)"},
    row{errc::panel_broken, snooze, panel, "E_PANEL", server_admin},
    row{errc::panel_busy, snooze, panel, "E_PANEL", nobody},
    row{errc::panel_database_locked, snooze, panel, "E_PANEL", nobody},
    row{errc::panel_suffix_list, snooze, panel, "E_PANEL",
        "the server must be able to reach publicsuffix.org"},
    row{errc::panel_disk_full, snooze, panel, "E_PANEL", server_admin},
    row{errc::panel_unexpected_answer, transient, site, "E_PANEL", server_admin},

    row{errc::site_refused, permanent, site, "E_SITE_ADD", server_admin},
    row{errc::site_step, transient, site, "E_SITE_ADD", server_admin},
    row{errc::site_names_used, permanent, site, "E_SITE_ADD", server_admin},
    row{errc::site_half_made, transient, site, "E_SITE_ADD", server_admin},
    row{errc::site_owner, permanent, site, "E_SITE_OWNER", server_admin},

    row{errc::cert_dns, transient, site, "E_CERT_DNS", dns_owner},
    row{errc::cert_validation, transient, site, "E_CERT_VALIDATION",
        "ports 80 and 443 of the domain must lead to the server"},
    row{errc::cert_rate_limit, transient, site, "E_CERT_RATE_LIMIT", nobody},
    row{errc::cert_account, transient, site, "E_CERT", server_admin},
    row{errc::cert_not_good, transient, site, "E_CERT", server_admin},

    row{errc::cert_no_address, snooze, site, "E_CERT_DNS", dns_owner},
    row{errc::cert_budget, snooze, site, "E_CERT_RATE_LIMIT", nobody},

    row{errc::step_timeout, transient, site, "E_TIMEOUT", server_admin},

    row{errc::supabase_unreachable, snooze, supabase, "E_INTERNAL", nobody},
    row{errc::supabase_refused, needs_operator, supabase, "E_INTERNAL", service_operator},
    row{errc::supabase_schema, needs_operator, supabase, "E_INTERNAL", hub_admin},
    row{errc::supabase_unexpected, snooze, supabase, "E_INTERNAL", service_operator},
    row{errc::row_rejected, permanent, site, "E_INTERNAL", hub_admin},

    row{errc::matomo_unreachable, transient, site, "E_INTERNAL", analytics_admin},
    row{errc::matomo_refused, needs_operator, site, "E_INTERNAL", analytics_admin},
    row{errc::matomo_unexpected, transient, site, "E_INTERNAL", analytics_admin},
    row{errc::matomo_not_configured, needs_operator, site, "E_INTERNAL", service_operator},

    row{errc::memory_unusable, snooze, site, "E_INTERNAL", service_operator},
    row{errc::lease_lost, snooze, site, "E_INTERNAL", nobody},

    row{errc::internal, transient, site, "E_INTERNAL", service_operator},
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
failure_scope scope_of(errc code) noexcept { return row_of(code).whose; }
bool concerns_server(errc code) noexcept { return scope_of(code) == server || scope_of(code) == panel; }
std::string_view code_name(errc code) noexcept { return row_of(code).code; }
std::string_view who_must_act(errc code) noexcept { return row_of(code).who; }

} // namespace hosting
