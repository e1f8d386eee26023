#include "core/errors.hpp"

#include <boost/test/unit_test.hpp>
#include <string_view>
#include <vector>

using hosting::errc;
using hosting::failure_class;
using hosting::failure_scope;

BOOST_AUTO_TEST_SUITE(errors)

struct row {
    errc cause;
    failure_class what;
    failure_scope whose;
    std::string_view code;
};

// Written out again on purpose: a change of class is a decision, not a side effect.
const std::vector<row> rows{
    {errc::domain_invalid, failure_class::permanent, failure_scope::site, "E_DOMAIN_INVALID"},
    {errc::server_unknown, failure_class::permanent, failure_scope::site, "E_SERVER_UNKNOWN"},
    {errc::server_ambiguous, failure_class::permanent, failure_scope::site, "E_SERVER_AMBIGUOUS"},
    {errc::ssh_unreachable, failure_class::snooze, failure_scope::server, "E_SSH_UNREACHABLE"},
    {errc::ssh_not_started, failure_class::snooze, failure_scope::server, "E_SSH_UNREACHABLE"},
    {errc::ssh_outcome_unknown, failure_class::transient, failure_scope::site, "E_SSH_UNREACHABLE"},
    {errc::ssh_auth, failure_class::needs_operator, failure_scope::server, "E_SSH_AUTH"},
    {errc::ssh_auth_revoked, failure_class::snooze, failure_scope::server, "E_SSH_AUTH"},
    {errc::ssh_key, failure_class::needs_operator, failure_scope::server, "E_SSH_KEY"},
    {errc::ssh_host_key, failure_class::needs_operator, failure_scope::server, "E_SSH_HOST_KEY"},
    {errc::ssh_host_key_replaced, failure_class::snooze, failure_scope::server, "E_SSH_HOST_KEY"},
    {errc::clpctl_missing, failure_class::needs_operator, failure_scope::panel, "E_CLPCTL_MISSING"},
    {errc::clpctl_gone, failure_class::snooze, failure_scope::panel, "E_CLPCTL_MISSING"},
    {errc::clpctl_privilege, failure_class::needs_operator, failure_scope::panel, "E_CLPCTL_PRIVILEGE"},
    {errc::clpctl_privilege_gone, failure_class::snooze, failure_scope::panel, "E_CLPCTL_PRIVILEGE"},
    {errc::panel_broken, failure_class::snooze, failure_scope::panel, "E_PANEL"},
    {errc::panel_busy, failure_class::snooze, failure_scope::panel, "E_PANEL"},
    {errc::panel_database_locked, failure_class::snooze, failure_scope::panel, "E_PANEL"},
    {errc::panel_suffix_list, failure_class::snooze, failure_scope::panel, "E_PANEL"},
    {errc::panel_disk_full, failure_class::snooze, failure_scope::panel, "E_PANEL"},
    {errc::panel_unexpected_answer, failure_class::transient, failure_scope::site, "E_PANEL"},
    {errc::site_refused, failure_class::permanent, failure_scope::site, "E_SITE_ADD"},
    {errc::site_step, failure_class::transient, failure_scope::site, "E_SITE_ADD"},
    {errc::site_names_used, failure_class::permanent, failure_scope::site, "E_SITE_ADD"},
    {errc::site_half_made, failure_class::transient, failure_scope::site, "E_SITE_ADD"},
    {errc::site_owner, failure_class::permanent, failure_scope::site, "E_SITE_OWNER"},
    {errc::cert_dns, failure_class::transient, failure_scope::site, "E_CERT_DNS"},
    {errc::cert_validation, failure_class::transient, failure_scope::site, "E_CERT_VALIDATION"},
    {errc::cert_rate_limit, failure_class::transient, failure_scope::site, "E_CERT_RATE_LIMIT"},
    {errc::cert_account, failure_class::transient, failure_scope::site, "E_CERT"},
    {errc::cert_not_good, failure_class::transient, failure_scope::site, "E_CERT"},
    {errc::cert_no_address, failure_class::snooze, failure_scope::site, "E_CERT_DNS"},
    {errc::cert_budget, failure_class::snooze, failure_scope::site, "E_CERT_RATE_LIMIT"},
    {errc::step_timeout, failure_class::transient, failure_scope::site, "E_TIMEOUT"},
    {errc::supabase_unreachable, failure_class::snooze, failure_scope::supabase, "E_INTERNAL"},
    {errc::supabase_refused, failure_class::needs_operator, failure_scope::supabase, "E_INTERNAL"},
    {errc::supabase_schema, failure_class::needs_operator, failure_scope::supabase, "E_INTERNAL"},
    {errc::supabase_unexpected, failure_class::snooze, failure_scope::supabase, "E_INTERNAL"},
    {errc::row_rejected, failure_class::permanent, failure_scope::site, "E_INTERNAL"},
    {errc::matomo_unreachable, failure_class::transient, failure_scope::site, "E_INTERNAL"},
    {errc::matomo_refused, failure_class::needs_operator, failure_scope::site, "E_INTERNAL"},
    {errc::matomo_unexpected, failure_class::transient, failure_scope::site, "E_INTERNAL"},
    {errc::matomo_not_configured, failure_class::needs_operator, failure_scope::site, "E_INTERNAL"},
    {errc::memory_unusable, failure_class::snooze, failure_scope::site, "E_INTERNAL"},
    {errc::lease_lost, failure_class::snooze, failure_scope::site, "E_INTERNAL"},
    {errc::internal, failure_class::transient, failure_scope::site, "E_INTERNAL"},
};

BOOST_AUTO_TEST_CASE(every_cause_has_its_class_and_code) {
    BOOST_TEST(rows.size() == static_cast<std::size_t>(errc::internal) + 1);
    for (const auto& r : rows) {
        BOOST_TEST_CONTEXT("cause " << static_cast<int>(r.cause) << " " << r.code) {
            BOOST_TEST((hosting::class_of(r.cause) == r.what));
            BOOST_TEST((hosting::scope_of(r.cause) == r.whose));
            BOOST_TEST(hosting::code_name(r.cause) == r.code);
            BOOST_TEST(!hosting::who_must_act(r.cause).empty());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
