#include "adapters/cloudpanel/clpctl_answers.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace hosting::cloudpanel {
namespace {

constexpr std::size_t quoted = 300; // characters of clpctl's own words in a message

constexpr std::string_view user_taken = "siteUser: This value already exists.";
constexpr std::string_view domain_taken = "domainName: This value already exists.";

struct row {
    std::string_view words;
    errc cause;
};

// Behind these words stands what a stranger's web server answered: it decides nothing.
std::string_view without_strangers_words(std::string_view text) {
    return text.substr(0, text.find("error detail:"));
}

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
    case clpctl_command::list_templates: return "vhost-templates:list";
    }
    return "?";
}

std::string success_sentence(const clpctl_answer& a) {
    switch (a.command) {
    case clpctl_command::site_add: return "Site " + std::string(a.domain) + " has been added.";
    case clpctl_command::install_certificate: return "Certificate installation was successful.";
    case clpctl_command::list_templates: break;
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
    text = without_strangers_words(text);
    if (a.command == clpctl_command::install_certificate)
        if (const auto cause = first_match(acme_table, text)) return *cause;
    return first_match(table, text).value_or(errc::panel_unexpected_answer);
}

// Digits alone, and as many as `form` has, which stands for them with 9s; every other character stands for
// itself.
bool has_form(std::string_view text, std::string_view form) {
    return std::ranges::equal(
        text, form, [](char c, char wanted) { return wanted == '9' ? c >= '0' && c <= '9' : c == wanted; });
}

unsigned number(std::string_view text, std::size_t at, std::size_t digits) {
    unsigned out = 0;
    std::from_chars(text.data() + at, text.data() + at + digits, out);
    return out;
}

// "2026-11-24 12:00:00 UTC" or, as in 2023, "2026-11-24T12:00:00Z", at the beginning of the text.
std::optional<wall_time> leading_time(std::string_view text) {
    constexpr std::string_view today = "9999-99-99 99:99:99 UTC";
    constexpr std::string_view formerly = "9999-99-99T99:99:99Z";
    if (!has_form(text.substr(0, today.size()), today) &&
        !has_form(text.substr(0, formerly.size()), formerly))
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(number(text, 0, 4))),
                                           std::chrono::month(number(text, 5, 2)),
                                           std::chrono::day(number(text, 8, 2))};
    const std::chrono::hours hours(number(text, 11, 2));
    const std::chrono::minutes minutes(number(text, 14, 2));
    const std::chrono::seconds seconds(number(text, 17, 2));
    if (!date.ok() || hours.count() > 23 || minutes.count() > 59 || seconds.count() > 59) return std::nullopt;
    // What the type of our clock holds goes from 1677 to 2262.
    if (date.year() < std::chrono::year(1970) || date.year() > std::chrono::year(2200)) return std::nullopt;
    return std::chrono::sys_days(date) + hours + minutes + seconds;
}

// The end of a rate limit's window, as Boulder words it; clpctl usually cuts it off, wholly or in the middle.
std::optional<wall_time> window_end(std::string_view text) {
    constexpr std::string_view words = "retry after ";
    text = without_strangers_words(text);
    const auto at = text.find(words);
    return at == text.npos ? std::nullopt : leading_time(text.substr(at + words.size()));
}

std::string without(std::string text, std::string_view secret_text) {
    constexpr std::string_view stars = "***";
    if (secret_text.empty()) return text;
    for (auto at = text.find(secret_text); at != text.npos; at = text.find(secret_text, at + stars.size()))
        text.replace(at, secret_text.size(), stars);
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
    failure why{cause, sentence(answer, cause, text)};
    if (cause == errc::cert_rate_limit) why.not_before = window_end(text);
    return {clpctl_meaning::kind::failed, std::move(why)};
}

} // namespace hosting::cloudpanel
