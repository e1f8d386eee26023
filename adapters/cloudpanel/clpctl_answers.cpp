#include "adapters/cloudpanel/clpctl_answers.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace hosting::cloudpanel {
namespace {

constexpr std::size_t quoted = 300; // characters of clpctl's own words in a message

constexpr std::string_view user_taken = "siteUser: This value already exists.";
constexpr std::string_view domain_taken = "domainName: This value already exists.";

struct row {
    std::string_view words;
    errc cause;
};

// The first row whose words stand in the output decides: what is the server's own comes first, and within
// ACME the narrow before the wide.
constexpr std::array table{
    row{"Could not open input file", errc::panel_broken},
    row{"\" is not defined.", errc::clpctl_privilege},
    row{"publicsuffix.org", errc::panel_suffix_list},
    row{"No space left on device", errc::panel_disk_full},
    row{"database or disk is full", errc::panel_disk_full},
    row{"database is locked", errc::panel_database_locked},
    row{"exceeded the timeout of", errc::step_timeout},
    row{"failed, error message:", errc::site_step},
    row{"The \"--", errc::site_refused},
    row{"already exists.", errc::site_refused},
    row{"This value is", errc::site_refused},
    row{"` is invalid:", errc::site_refused},
};

constexpr std::array acme_table{
    row{"\" does not exist.", errc::site_half_made},
    row{"429 Too Many Requests", errc::cert_rate_limit},
    row{"acme:error:rateLimited", errc::cert_rate_limit},
    row{"acme:error:dns", errc::cert_dns},
    row{"DNS problem:", errc::cert_dns},
    row{"Domain could not be validated", errc::cert_validation},
    row{"validation timed out", errc::cert_validation},
    row{"An error occurred while", errc::cert_account},
};

constexpr std::string_view name_of(clpctl_command command) {
    switch (command) {
    case clpctl_command::site_add: return "site:add:static";
    case clpctl_command::install_certificate: return "lets-encrypt:install:certificate";
    }
    return "?";
}

std::string success_sentence(const clpctl_answer& a) {
    switch (a.command) {
    case clpctl_command::site_add: return "Site " + std::string(a.domain) + " has been added.";
    case clpctl_command::install_certificate: return "Certificate installation was successful.";
    }
    return {};
}

bool has_line(std::string_view text, std::string_view wanted) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        while (line.ends_with('\r') || line.ends_with(' '))
            line.remove_suffix(1);
        if (line == wanted) return true;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

template<std::size_t N>
std::optional<errc> first_match(const std::array<row, N>& rows, std::string_view text) {
    const auto found =
        std::ranges::find_if(rows, [&](const row& r) { return text.find(r.words) != text.npos; });
    return found == rows.end() ? std::nullopt : std::optional(found->cause);
}

errc cause_of(const clpctl_answer& a, std::string_view text) {
    if (a.status == 124 || a.status == 137) return errc::step_timeout;
    if (a.status == 127) return errc::clpctl_missing;
    // Behind these words stands what a stranger's web server answered: it decides nothing.
    text = text.substr(0, text.find("error detail:"));
    if (a.command == clpctl_command::install_certificate)
        if (const auto cause = first_match(acme_table, text)) return *cause;
    return first_match(table, text).value_or(errc::panel_unexpected_answer);
}

std::string without(std::string text, std::string_view secret_text) {
    if (secret_text.empty()) return text;
    for (auto at = text.find(secret_text); at != std::string::npos; at = text.find(secret_text, at))
        text.replace(at, secret_text.size(), "***");
    return text;
}

std::string sentence(const clpctl_answer& a, errc cause, const std::string& text) {
    const std::string command = "clpctl " + std::string(name_of(a.command));
    if (a.status == 124 || a.status == 137) return command + " did not end within its time limit";
    if (cause == errc::clpctl_missing) return "the server has no clpctl";
    const std::string words = plain_text(text, quoted);
    if (words.empty())
        return command + " ended with status " + std::to_string(a.status) + " and said nothing";
    if (a.status == 0) return command + " ended with status 0, but without its word of success: " + words;
    return command + " failed: " + words;
}

} // namespace

clpctl_meaning meaning_of(const clpctl_answer& answer, std::string_view secret_text) {
    if (answer.status == 0 && has_line(answer.out, success_sentence(answer)))
        return {clpctl_meaning::kind::success, {}};
    if (answer.command == clpctl_command::site_add && has_line(answer.out, user_taken) &&
        !has_line(answer.out, domain_taken))
        return {clpctl_meaning::kind::user_used, {}};
    const std::string text = without(std::string(answer.out) + '\n' + std::string(answer.err), secret_text);
    const errc cause = cause_of(answer, text);
    return {clpctl_meaning::kind::failed, {cause, sentence(answer, cause, text)}};
}

} // namespace hosting::cloudpanel
