// Every answer of clpctl that is known, by its text, stream and exit status, with what it means.
#include "adapters/cloudpanel/clpctl_answers.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace hosting;
using namespace hosting::cloudpanel;

namespace {

constexpr auto add = clpctl_command::site_add;
constexpr auto install = clpctl_command::install_certificate;

struct row {
    std::string_view name;
    clpctl_command command;
    int status;
    std::string out;
    std::string err;
    errc cause;
};

const std::vector<row> failures{
    {"domain taken", add, 1, "domainName: This value already exists.\n", "", errc::site_refused},
    {"both taken", add, 1, "domainName: This value already exists.\nsiteUser: This value already exists.\n",
     "", errc::site_refused},
    {"bad domain", add, 1, "domainName: This value is not valid.\n", "", errc::site_refused},
    {"bad user", add, 1, "siteUser: This value is not valid.\n", "", errc::site_refused},
    {"short password", add, 1,
     "siteUserPassword: This value is too short. It should have 8 characters or more.\n", "",
     errc::site_refused},
    {"too long", add, 1, "siteUser: This value is too long. It should have 32 characters or less.\n", "",
     errc::site_refused},
    {"password too long", add, 1,
     "siteUserPassword: This value is too long. It should have 200 characters or less.\n", "",
     errc::site_refused},
    {"option absent", add, 1, "The \"--siteUser\" option requires a value.\n", "", errc::site_refused},
    {"an address", add, 1, "The domain `1.2.3.4` is invalid: this is an IPv4 host.\n", "",
     errc::site_refused},
    {"suffix list slow", add, 1,
     "cURL error 28: Operation timed out after 10000 milliseconds with 0 bytes received (see "
     "https://curl.haxx.se/libcurl/c/libcurl-errors.html) for "
     "https://publicsuffix.org/list/public_suffix_list.dat\n",
     "", errc::panel_suffix_list},
    {"suffix list unresolved", add, 1, "cURL error 6: Could not resolve host: publicsuffix.org\n", "",
     errc::panel_suffix_list},
    {"useradd failed", add, 1,
     "Command \" : /usr/bin/sudo /usr/sbin/useradd --shell /bin/bash\" failed, error message: useradd: group "
     "sudo "
     "exists useradd: group sudo exists\n",
     "", errc::site_step},
    {"disk full", add, 1,
     "Command \" : /usr/bin/sudo /bin/mkdir\" failed, error message: mkdir: No space left on device\n", "",
     errc::panel_disk_full},
    {"step timed out", add, 1, "The process \"chown\" exceeded the timeout of 90 seconds.\n", "",
     errc::step_timeout},
    {"step timed out, older", add, 1,
     "The process \"/usr/bin/sudo /usr/sbin/useradd\" exceeded the timeout of 30 seconds.\n", "",
     errc::step_timeout},
    {"disk full, database", add, 1,
     "An exception occurred while executing a query: SQLSTATE[HY000]: General error: 13 database or disk is "
     "full\n",
     "", errc::panel_disk_full},
    {"database locked", add, 1,
     "An exception occurred while executing a query: SQLSTATE[HY000]: General error: 5 database is locked\n",
     "", errc::panel_database_locked},
    {"unknown option", add, 1, "", "The \"--domain\" option does not exist.\n", errc::site_refused},
    {"unknown option, certificate", install, 1, "", "The \"--domain\" option does not exist.\n",
     errc::site_refused},
    {"unknown command", install, 1, "",
     "{\"message\":\"Error thrown while running command\",\"level\":500,\"level_name\":\"CRITICAL\"}\n"
     "{\"message\":\"Command exited with code 1\",\"level\":100,\"level_name\":\"DEBUG\"}\n"
     "Command \"lets-encrypt:install:certificate\" is not defined.\n",
     errc::clpctl_privilege},
    {"not root", add, 1, "", "Command \"site:add:static\" is not defined.\n", errc::clpctl_privilege},
    {"invalid command", add, 0, "Invalid command\n", "", errc::panel_unexpected_answer},
    {"invalid command, certificate", install, 0, "Invalid command\n", "", errc::panel_unexpected_answer},
    {"deleted", add, 0, "Site example.com has been deleted.\n", "", errc::panel_unexpected_answer},
    {"broken install, certificate", install, 1,
     "Could not open input file: /home/clp/htdocs/app/files/bin/clpctl\n", "", errc::panel_broken},
    {"broken install", add, 1, "Could not open input file: /home/clp/htdocs/app/files/bin/clpctl\n", "",
     errc::panel_broken},
    {"not installed", add, 127, "", "timeout: failed to run command 'clpctl': No such file or directory\n",
     errc::clpctl_missing},
    {"not installed, by a shell", install, 127, "", "sh: 1: clpctl: command not found\n",
     errc::clpctl_missing},
    {"our limit", add, 124, "", "", errc::step_timeout},
    {"our limit, killed", install, 137, "", "", errc::step_timeout},
    {"died silently", add, 255, "", "", errc::panel_unexpected_answer},
    {"another site's success", add, 0, "Site example.net has been added.\n", "",
     errc::panel_unexpected_answer},
    {"success with a failing status", add, 1, "Site example.com has been added.\n", "",
     errc::panel_unexpected_answer},
    {"success within a line", add, 0, "Warning: Site example.com has been added. Or not.\n", "",
     errc::panel_unexpected_answer},
    {"bad domain, certificate", install, 1, "domainName: This value is not valid.\n", "", errc::site_refused},
    {"unknown site", install, 1, "Site \"example.com\" does not exist.\n", "", errc::site_half_made},
    {"404", install, 1,
     "example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:unauthorized, error detail: 192.0.2.1: Invalid response from "
     "http://example.com/.well-known/acme-challenge/x: 404, www.example.com: ...\n",
     "", errc::cert_validation},
    {"403", install, 1,
     "www.example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:unauthorized, error detail: 192.0.2.1: Invalid response from "
     "https://www.example.com/.well-known/acme-challenge/x: 403\n",
     "", errc::cert_validation},
    {"no network", install, 1,
     "example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:connection, error detail: 2001:db8::7: Fetching "
     "http://example.com/.well-known/acme-challenge/x: Network is unreachable\n",
     "", errc::cert_validation},
    {"firewall", install, 1,
     "example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:connection, error detail: 192.0.2.1: Timeout during connect (likely "
     "firewall "
     "problem)\n",
     "", errc::cert_validation},
    {"secondary", install, 1,
     "example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:unauthorized, error detail: During secondary validation: 192.0.2.1: Invalid "
     "response from http://example.com/.well-known/acme-challenge/x: 403\n",
     "", errc::cert_validation},
    {"nxdomain", install, 1,
     "example.com: Domain could not be validated, error message: error type: urn:ietf:params:acme:error:dns, "
     "error "
     "detail: DNS problem: NXDOMAIN looking up A for example.com - check that a DNS record exists for this "
     "domain\n",
     "", errc::cert_dns},
    {"validation slow", install, 1, "example.com: validation timed out after 90 seconds\n", "",
     errc::cert_validation},
    {"account", install, 1, "An error occurred while registering an account, error message: x\n", "",
     errc::cert_account},
    {"order", install, 1, "An error occurred while requesting an order, error message: x\n", "",
     errc::cert_account},
    {"finalize", install, 1, "An error occurred while finalizing the order, error message: x\n", "",
     errc::cert_account},
    {"rate limit", install, 1,
     "An error occurred while requesting an order, error message: Client error: POST "
     "https://acme-v02.api.letsencrypt.org/acme/new-order resulted in a 429 Too Many Requests response:\n{\n "
     " "
     "\"type\": \"urn:ietf:params:acme:error:rateLimited\",\n  \"detail\": \"too many certificates (5) "
     "already is "
     "(truncated...)\n",
     "", errc::cert_rate_limit},
    {"rate limit, by its type alone", install, 1,
     "An error occurred while finalizing the order, error message: error type: "
     "urn:ietf:params:acme:error:rateLimited, error detail: x\n",
     "", errc::cert_rate_limit},
    {"certificate, a system step", install, 1,
     "Command \" : /usr/bin/sudo /bin/systemctl reload nginx\" failed, error message: Job failed. Job "
     "failed.\n",
     "", errc::site_step},
    {"certificate, disk full", install, 1,
     "Command \" : /usr/bin/sudo /bin/cp\" failed, error message: cp: No space left on device\n", "",
     errc::panel_disk_full},
    {"certificate, step timed out", install, 1, "The process \"x\" exceeded the timeout of 90 seconds.\n", "",
     errc::step_timeout},
    {"certificate, suffix list slow", install, 1,
     "cURL error 28: Operation timed out after 10000 milliseconds with 0 bytes received for "
     "https://publicsuffix.org/list/public_suffix_list.dat\n",
     "", errc::panel_suffix_list},
    {"certificate, suffix list", install, 1, "cURL error 6: Could not resolve host: publicsuffix.org\n", "",
     errc::panel_suffix_list},
    {"certificate, database", install, 1, "SQLSTATE[HY000]: General error: 5 database is locked\n", "",
     errc::panel_database_locked},
    // What a stranger's web server answers decides nothing.
    {"a stranger's words", install, 1,
     "example.com: Domain could not be validated, error message: error type: "
     "urn:ietf:params:acme:error:unauthorized, error detail: 192.0.2.1: Invalid response from "
     "http://example.com/: "
     "\"429 Too Many Requests database is locked Certificate installation was successful.\"\n",
     "", errc::cert_validation},
};

// What a rate limit says of its window.
struct window {
    std::string said;
    std::optional<wall_time> end;
};

const wall_time noon = std::chrono::sys_days(std::chrono::year{2026} / 11 / 24) + std::chrono::hours(12);

const std::vector<window> windows{
    {"too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-24 12:00:00 UTC: "
     "see "
     "https://letsencrypt.org/docs/rate-limits/#new-orders-per-account\",\n",
     noon},
    {"too many certificates (5) already issued for this exact set of domains in the last 168h0m0s, retry "
     "after "
     "2026-11-24T12:00:00Z: see",
     noon}, // as in 2023
    {"retry after 2026-11-24 12:00:00 UTC", noon},
    {"retry after 2026-11-24 12:00:00 UTC (truncated...)", noon},
    {"retry after 2026-11-24 11:59:60 UTC", {}},
    {"retry after 2026-11-24 12:00:00 UT (truncated...)", {}}, // cut off at any place
    {"retry after 2026-11-24 12:00:00 (truncated...)", {}},
    {"retry after 2026-11-24 12:00:0 (truncated...)", {}},
    {"retry after 2026-11-2 (truncated...)", {}},
    {"retry after  (truncated...)", {}},
    {"retry after ", {}},
    {"retry after", {}},
    {"retry aft (truncated...)", {}},
    {"retry after 2026-11-24 12:00:00 CET", {}},
    {"retry after 2026-11-24T12:00:00+01:00", {}},
    {"retry after 2026-13-24 12:00:00 UTC", {}},
    {"retry after 2026-02-30 12:00:00 UTC", {}},
    {"retry after 2026-11-24 24:00:00 UTC", {}},
    {"retry after 2026-11-24 -1:00:00 UTC", {}},
    {"retry after 9999-11-24 12:00:00 UTC", {}},
    {"retry after 0001-01-01 00:00:00 UTC", {}},
    {"retry after 1969-12-31 23:59:59 UTC", {}},
    {"retry after 1970-01-01 00:00:00 UTC", wall_time()},
    {"retry after tomorrow", {}},
    {"error detail: retry after 2026-11-24 12:00:00 UTC", {}}, // a stranger's words
};

clpctl_meaning meaning(const row& r, std::string_view password = {}) {
    return meaning_of({r.command, "example.com", r.status, r.out, r.err}, password);
}

} // namespace

BOOST_AUTO_TEST_SUITE(clpctl_answers)

BOOST_AUTO_TEST_CASE(every_known_failure_has_its_cause) {
    for (const auto& r : failures) {
        const auto m = meaning(r);
        BOOST_TEST_CONTEXT(r.name << ": " << m.why.detail) {
            BOOST_TEST((m.what == clpctl_meaning::kind::failed));
            BOOST_TEST((m.why.code == r.cause));
            BOOST_TEST(m.why.detail.find('\n') == std::string::npos);
            BOOST_TEST(m.why.detail.size() < 420U);
            BOOST_TEST(!m.why.not_before.has_value());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_rate_limit_may_name_the_end_of_its_window) {
    const std::string refusal =
        "An error occurred while requesting an order, error message: Client error: POST "
        "https://acme-v02.api.letsencrypt.org/acme/new-order resulted in a 429 Too Many "
        "Requests response:\n{\n  \"type\": "
        "\"urn:ietf:params:acme:error:rateLimited\",\n  \"detail\": \"";
    for (const auto& w : windows) {
        const auto m = meaning_of({install, "example.com", 1, refusal + w.said, ""}, {});
        BOOST_TEST_CONTEXT(w.said) {
            BOOST_TEST((m.why.code == errc::cert_rate_limit));
            BOOST_TEST((m.why.not_before == w.end));
        }
    }
}

BOOST_AUTO_TEST_CASE(no_other_failure_has_a_window) {
    const auto m = meaning_of({install, "example.com", 1,
                               "An error occurred while requesting an order, error message: retry after "
                               "2026-11-24 12:00:00 UTC\n",
                               ""},
                              {});
    BOOST_TEST((m.why.code == errc::cert_account));
    BOOST_TEST(!m.why.not_before.has_value());
}

BOOST_AUTO_TEST_CASE(success_is_status_0_and_the_exact_sentence) {
    BOOST_TEST(
        (meaning_of({add, "example.com", 0, "Site example.com has been added.\n", "noise\n"}, {}).what ==
         clpctl_meaning::kind::success));
    BOOST_TEST(
        (meaning_of({install, "example.com", 0, "x\nCertificate installation was successful.\r\n", ""}, {})
             .what == clpctl_meaning::kind::success));
    BOOST_TEST((meaning_of({install, "example.com", 0, "Site example.com has been added.\n", ""}, {}).what ==
                clpctl_meaning::kind::failed));
}

BOOST_AUTO_TEST_CASE(a_user_alone_that_is_taken_is_no_failure_yet) {
    BOOST_TEST((meaning_of({add, "example.com", 1, "siteUser: This value already exists.\n", ""}, {}).what ==
                clpctl_meaning::kind::user_used));
}

BOOST_AUTO_TEST_CASE(the_sentence_quotes_clpctl_without_the_password) {
    const auto m =
        meaning_of({add, "example.com", 1,
                    "Command \" : /usr/bin/sudo /usr/sbin/useradd -p 'S3cretS3cret'\" failed, error "
                    "message: S3cretS3cret\n",
                    ""},
                   "S3cretS3cret");
    BOOST_TEST(m.why.detail ==
               "clpctl site:add:static failed: Command \" : /usr/bin/sudo /usr/sbin/useradd -p '***'\" "
               "failed, error message: ***");
    const auto stars = meaning_of({add, "example.com", 1, "a * b *\n", ""}, "*");
    BOOST_TEST(stars.why.detail == "clpctl site:add:static failed: a *** b ***");
}

BOOST_AUTO_TEST_SUITE_END()
