// A configuration file and, behind a line "--- environment", lines NAME=VALUE.
#include "daemon/configuration.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

namespace hosting::fuzz {
namespace {

std::optional<std::string> variable(std::string_view lines, const std::string& name) {
    if (name == "CREDENTIALS_DIRECTORY")
        return std::nullopt; // a folder of this machine is none of the input's
    while (!lines.empty()) {
        const auto line = take_line(lines);
        if (line.starts_with(name + '=')) return std::string(line.substr(name.size() + 1));
    }
    return std::nullopt;
}

// A secret that stands where it belongs, and nowhere else, is in no sentence.
void check_not_shown(const secret& hidden, std::string_view input, const std::vector<std::string>& mistakes) {
    const auto& text = hidden.reveal();
    if (!text.starts_with("sb_secret_") || text.size() < 16) return;
    const auto first = input.find(text);
    if (first == input.npos || contains(input.substr(first + 1), text)) return;
    for (const auto& mistake : mistakes)
        must(!contains(mistake, text), "a secret is in no sentence", mistake);
}

void check_good(const configuration& c) {
    must(http::parse_url(c.supabase.url).has_value(), "a good configuration has a URL", c.supabase.url);
    must(!c.supabase.service_key.empty(), "a good configuration has a key");
    must(c.matomo.url.empty() == c.matomo.token.empty(), "Matomo's URL and token go together");
    for (const auto& path : {c.daemon.state_dir, c.ssh.known_hosts})
        must(path.empty() || path.is_absolute(), "paths are absolute", path.string());
    must(c.daemon.threads >= 1 && c.supabase.page_size >= 1 && c.daemon.max_sites_in_flight >= 1 &&
             c.ssh.channels_per_server >= 1 && c.retry.max_attempts >= 1,
         "numbers are in their range");
    must(c.supabase.poll_interval.count() >= 50 && c.retry.first_delay <= c.retry.max_delay &&
             c.retry.max_delay <= std::chrono::hours(24 * 365),
         "durations are in their range");
    must(!c.cloudpanel.site_user_prefix.empty() && c.cloudpanel.site_user_prefix.size() <= 16,
         "the prefix is one");
}

} // namespace

void check(std::string_view input) {
    constexpr std::string_view separator = "--- environment\n";
    static const memory_file file;
    const auto text = input.substr(0, input.find(separator));
    const auto lines = input.substr(std::min(text.size() + separator.size(), input.size()));
    file.write(text);
    const auto loaded =
        load_configuration(file.path(), true, [&](const std::string& name) { return variable(lines, name); });

    for (const auto& mistake : loaded.mistakes)
        must(!mistake.empty() && is_plain(mistake, 600), "a mistake is a plain sentence", mistake);
    check_not_shown(loaded.value.supabase.service_key, input, loaded.mistakes);
    check_not_shown(loaded.value.matomo.token, input, loaded.mistakes);
    if (loaded.mistakes.empty()) check_good(loaded.value);
}

} // namespace hosting::fuzz
