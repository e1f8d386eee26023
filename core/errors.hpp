// Everything that can go wrong, once: the causes, their class, the contract's code and who must act.
#pragma once

#include "core/moment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace hosting {

// Causes. Several causes may share one of the contract's codes (E_PANEL, E_CERT, ...): the class is the
// cause's own.
enum class errc {
    // The row
    domain_invalid,   // not a host name that CloudPanel accepts
    server_unknown,   // server_id names no row, or the row has no usable address
    server_ambiguous, // no server_id, no default, several active servers

    // The way to the server
    ssh_unreachable, // name, TCP, banner or key exchange failed, or the connection broke between two commands
    ssh_not_started, // the server had no free channel; certainly nothing ran
    ssh_outcome_unknown,   // the connection or the wait ended after a command was sent: it may have run
    ssh_auth,              // the server refused our key, and has never taken it
    ssh_auth_revoked,      // the server refused a key that it took before
    ssh_key,               // the row's private key is none, or cannot be used
    ssh_host_key,          // the host key is not the one we know (or is unknown, in strict mode)
    ssh_host_key_replaced, // the same, on a server that we worked on before

    // The panel
    clpctl_missing,          // no clpctl on the server
    clpctl_gone,             // the same, where it worked before
    clpctl_privilege,        // not root, and sudo -n refuses
    clpctl_privilege_gone,   // the same, where it worked before
    panel_broken,            // clpctl cannot start, as during an update of the panel
    panel_busy,              // the lock on the server was not free in time
    panel_database_locked,   // its SQLite database was busy
    panel_suffix_list,       // it could not fetch the Public Suffix List
    panel_disk_full,         // no space left on the server
    panel_unexpected_answer, // clpctl or the script said what no page describes

    // The site
    site_refused,    // clpctl refuses the name or user: it will refuse it again
    site_step,       // a system step of site:add failed
    site_names_used, // every user name that we would use belongs to something else
    site_half_made,  // files exist, but the panel does not know the site
    site_owner,      // the site belongs to root, clp or a system user

    // The certificate
    cert_dns,        // validation failed because the name does not resolve to the server
    cert_validation, // validation failed for another reason
    cert_rate_limit, // Let's Encrypt refused for now
    cert_account,    // account, order or finalisation failed at Let's Encrypt
    cert_not_good,   // clpctl reported success, but no good certificate is installed
    cert_no_address, // the preflight: the name resolves to no address at all, so none was ordered
    cert_budget,     // a limit of Let's Encrypt would be exceeded, by our own count: none was ordered

    step_timeout, // a command ran into its time limit

    // Supabase
    supabase_unreachable, // name, TCP, TLS, time-out, 5xx, HTML: may pass by itself
    supabase_refused,     // key refused, no rights, quota, paused: a person must act
    supabase_schema,      // a table or column that we cannot do without is missing
    supabase_unexpected,  // an answer of the wrong shape
    row_rejected,         // the database refuses the values that we wrote

    // Matomo
    matomo_unreachable,
    matomo_refused,        // token wrong or without rights, or locked out
    matomo_unexpected,     // a redirect, HTML, or JSON of the wrong shape
    matomo_not_configured, // neither the configuration nor Supabase has credentials

    memory_unusable, // the state folder cannot be read or written
    lease_lost,      // another daemon has taken the site over: nothing was done, and nothing is to be said

    internal, // our own fault
};

// What a cause means for the work. Decides whether, when and how often a site is tried again.
enum class failure_class {
    transient,      // this site's; tried again, costs an attempt
    snooze,         // not this site's fault; tried again, costs nothing
    permanent,      // fails now
    needs_operator, // a person must act; more tries would harm
};

[[nodiscard]] failure_class class_of(errc code) noexcept;

// Whose trouble a cause is. The server's and its panel's make one incident for all its sites; but the panel's
// may be provoked by a single site, which therefore waits on its own account too.
enum class failure_scope { site, panel, server, supabase };
[[nodiscard]] failure_scope scope_of(errc code) noexcept;
[[nodiscard]] bool concerns_server(errc code) noexcept; // scope panel or server

// The contract's `E_...` name, as in `error_message` and the journal's ERROR_CODE.
[[nodiscard]] std::string_view code_name(errc code) noexcept;

// The last part of an `error_message`: who must act, and on what.
[[nodiscard]] std::string_view who_must_act(errc code) noexcept;

// A cause and what happened, in one sentence without a final stop. `detail` is bounded and cleaned where it
// is shown (see message_text.hpp) and must not hold a secret.
struct failure {
    errc code = errc::internal;
    std::string detail;
    std::optional<wall_time> not_before = std::nullopt; // known to be in vain sooner

    friend bool operator==(const failure&, const failure&) = default;
};

} // namespace hosting
