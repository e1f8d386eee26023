#include "daemon/configuration_keys.hpp"

#include "daemon/duration_text.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>

namespace hosting {
namespace {

using milliseconds = std::chrono::milliseconds;
using setter = std::function<std::string(configuration&, const toml::node&)>;

struct key_spec {
    std::string section;
    std::string name;
    setter set;
};

// Each of these makes a setter from an accessor of the member.

template<class Access>
setter text(Access member) {
    return [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value) return "must be a text";
        member(c) = *value;
        return {};
    };
}

template<class Access>
setter confidential(Access member) {
    return [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value) return "must be a text";
        member(c) = secret(*value);
        return {};
    };
}

template<class Access>
setter choice(Access member, std::initializer_list<const char*> allowed) {
    return [member, options = std::vector<std::string>(allowed.begin(), allowed.end())](
               configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (value && std::ranges::find(options, *value) != options.end()) {
            member(c) = *value;
            return {};
        }
        std::string wrong = "must be ";
        for (std::size_t i = 0; i < options.size(); ++i)
            wrong += (i == 0 ? "\"" : " or \"") + options[i] + "\"";
        return wrong;
    };
}

template<class Access>
setter duration(Access member, milliseconds shortest, milliseconds longest = std::chrono::hours(24 * 365)) {
    return [member, shortest, longest](configuration& c, const toml::node& node) -> std::string {
        const auto written = node.value_exact<std::string>();
        const auto value = written ? parse_duration(*written) : std::nullopt;
        if (!value) return R"(must be a duration such as "200ms", "5s", "10m" or "2h")";
        if (*value < shortest || *value > longest)
            return "must be at least " + std::to_string(shortest.count()) + " ms and at most " +
                   std::to_string(longest.count()) + " ms";
        member(c) = *value;
        return {};
    };
}

template<class Access>
setter whole_number(Access member, std::int64_t least, std::int64_t most) {
    return [member, least, most](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < least || *value > most)
            return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
        member(c) = *value;
        return {};
    };
}

template<class Access>
setter yes_or_no(Access member) {
    return [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<bool>();
        if (!value) return "must be true or false";
        member(c) = *value;
        return {};
    };
}

template<class Access>
setter path(Access member) {
    return [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value || (!value->empty() && value->front() != '/')) return "must be an absolute path";
        member(c) = *value;
        return {};
    };
}

#define MEMBER(member) [](configuration& c) -> auto& { return c.member; }

const std::vector<key_spec>& all_keys() {
    constexpr milliseconds none{0}, instant{1}, second{1'000};
    static const std::vector<key_spec> keys{
        {"supabase", "url", text(MEMBER(supabase.url))},
        {"supabase", "service_key", confidential(MEMBER(supabase.service_key))},
        {"supabase", "ca_file", path(MEMBER(supabase.ca_file))},
        {"supabase", "poll_interval", duration(MEMBER(supabase.poll_interval), milliseconds(50))},
        {"supabase", "page_size", whole_number(MEMBER(supabase.page_size), 1, 1'000)},
        {"supabase", "request_timeout", duration(MEMBER(supabase.request_timeout), milliseconds(100))},
        {"daemon", "state_dir", path(MEMBER(daemon.state_dir))},
        {"daemon", "threads", whole_number(MEMBER(daemon.threads), 1, 64)},
        {"daemon", "max_sites_in_flight", whole_number(MEMBER(daemon.max_sites_in_flight), 1, 10'000)},
        {"daemon", "drain_timeout", duration(MEMBER(daemon.drain_timeout), none)},
        {"queue", "mode", choice(MEMBER(queue.mode), {"single", "shared"})},
        {"queue", "lease", duration(MEMBER(queue.lease), second)},
        {"queue", "worker", text(MEMBER(queue.worker))},
        {"ssh", "host_keys", choice(MEMBER(ssh.host_keys), {"accept-new", "strict"})},
        {"ssh", "known_hosts", path(MEMBER(ssh.known_hosts))},
        {"ssh", "connect_timeout", duration(MEMBER(ssh.connect_timeout), milliseconds(100))},
        {"ssh", "channels_per_server", whole_number(MEMBER(ssh.channels_per_server), 1, 10)},
        {"ssh", "keepalive", duration(MEMBER(ssh.keepalive), second)},
        {"ssh", "idle_close", duration(MEMBER(ssh.idle_close), second)},
        {"cloudpanel", "default_server", text(MEMBER(cloudpanel.default_server))},
        {"cloudpanel", "site_add_timeout", duration(MEMBER(cloudpanel.site_add_timeout), second)},
        {"cloudpanel", "certificate_timeout", duration(MEMBER(cloudpanel.certificate_timeout), second)},
        {"cloudpanel", "site_user_prefix", text(MEMBER(cloudpanel.site_user_prefix))},
        {"certificates", "preflight", choice(MEMBER(certificates.preflight), {"dns", "off"})},
        {"certificates", "give_up_after", duration(MEMBER(certificates.give_up_after), none)},
        {"certificates", "orders_per_server_per_3h",
         whole_number(MEMBER(certificates.orders_per_server_per_3h), 1, 300)},
        {"certificates", "keep_if_valid_for", duration(MEMBER(certificates.keep_if_valid_for), none)},
        {"matomo", "enabled", yes_or_no(MEMBER(matomo.enabled))},
        {"matomo", "url", text(MEMBER(matomo.url))},
        {"matomo", "token", confidential(MEMBER(matomo.token))},
        {"matomo", "timeout", duration(MEMBER(matomo.timeout), milliseconds(100))},
        {"retry", "max_attempts", whole_number(MEMBER(retry.max_attempts), 1, 100)},
        {"retry", "first_delay", duration(MEMBER(retry.first_delay), instant)},
        {"retry", "max_delay", duration(MEMBER(retry.max_delay), instant)},
        {"retry", "server_outage_limit", duration(MEMBER(retry.server_outage_limit), none)},
        {"http", "listen", text(MEMBER(http.listen))},
        {"log", "level", choice(MEMBER(log.level), {"debug", "info", "warning", "error"})},
        {"log", "target", choice(MEMBER(log.target), {"auto", "journal", "stderr"})},
    };
    return keys;
}

#undef MEMBER

// CloudPanel's rule for users is /^[a-z][-a-z0-9_]+$/i; useradd wants lowercase.
bool is_user_prefix(const std::string& prefix) {
    constexpr std::size_t longest = 16; // leaves room for something of the domain, and its hash
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !prefix.empty() && prefix.size() <= longest && prefix.front() >= 'a' && prefix.front() <= 'z' &&
           std::ranges::all_of(prefix, allowed);
}

bool is_listen_address(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0 || text.size() - colon - 1 > 5) return false;
    const std::string port = text.substr(colon + 1);
    return !port.empty() && std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; }) &&
           std::stoi(port) > 0 && std::stoi(port) <= 65'535;
}

} // namespace

std::vector<std::string> section_names() {
    std::vector<std::string> names;
    for (const auto& key : all_keys())
        if (names.empty() || names.back() != key.section) names.push_back(key.section);
    return names;
}

std::vector<std::string> key_names(const std::string& section) {
    std::vector<std::string> names;
    for (const auto& key : all_keys())
        if (key.section == section) names.push_back(key.name);
    return names;
}

std::string set_key(configuration& into, const std::string& section, const std::string& key,
                    const toml::node& value) {
    const auto found = std::ranges::find_if(
        all_keys(), [&](const key_spec& spec) { return spec.section == section && spec.name == key; });
    return found == all_keys().end() ? "is unknown" : found->set(into, value);
}

void check_values(const configuration& value, std::vector<std::string>& mistakes) {
    const auto wrong = [&](std::string sentence) { mistakes.push_back(std::move(sentence)); };
    if (value.supabase.url.empty())
        wrong("supabase.url is missing (or SUPABASE_URL)");
    else if (const auto url = http::parse_url(value.supabase.url); !url)
        wrong("supabase.url: " + url.error().detail);
    if (value.supabase.service_key.empty())
        wrong("supabase.service_key is missing (or the credential supabase_service_key, or "
              "SUPABASE_SERVICE_KEY)");
    if (!value.matomo.url.empty())
        if (const auto url = http::parse_url(value.matomo.url); !url)
            wrong("matomo.url: " + url.error().detail);
    if (value.matomo.url.empty() != value.matomo.token.empty())
        wrong("matomo.url and matomo.token go together: set both, or none to take them from Supabase");
    if (value.queue.mode == "shared") wrong("queue.mode \"shared\" is not there yet; use \"single\"");
    if (!is_user_prefix(value.cloudpanel.site_user_prefix))
        wrong("cloudpanel.site_user_prefix must be 1 to 16 lowercase letters, digits, '-' and '_', beginning "
              "with "
              "a letter");
    if (value.retry.max_delay < value.retry.first_delay)
        wrong("retry.max_delay must not be shorter than retry.first_delay");
    if (!value.http.listen.empty() && !is_listen_address(value.http.listen))
        wrong("http.listen must be ADDRESS:PORT, or \"\" to turn it off");
}

} // namespace hosting
