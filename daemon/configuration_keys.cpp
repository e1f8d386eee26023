#include "daemon/configuration_keys.hpp"

#include "daemon/duration_text.hpp"
#include "daemon/endpoint/listen_address.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <initializer_list>

namespace hosting {
namespace {

using milliseconds = std::chrono::milliseconds;
using setter = std::function<std::string(configuration&, const toml::node&)>;

// What can be done with a key, whatever the type of its value.
struct key_access {
    setter set;
    std::function<bool(const configuration&, const configuration&)> differs;
    std::function<void(configuration&, const configuration&)> copy; // to, from
};

struct key_spec {
    std::string section;
    std::string name;
    effect takes;
    key_access value;
};

template<class Access>
key_access access_to(Access member, setter set) {
    return {std::move(set),
            [member](const configuration& a, const configuration& b) { return member(a) != member(b); },
            [member](configuration& to, const configuration& from) { member(to) = member(from); }};
}

// Each of these makes the access from an accessor of the member.

template<class Access>
key_access text(Access member) {
    return access_to(member, [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value) return "must be a text";
        member(c) = *value;
        return {};
    });
}

template<class Access>
key_access confidential(Access member) {
    return access_to(member, [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value) return "must be a text";
        member(c) = secret(*value);
        return {};
    });
}

template<class Access>
key_access choice(Access member, std::initializer_list<const char*> allowed) {
    return access_to(member,
                     [member, options = std::vector<std::string>(allowed.begin(), allowed.end())](
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
                     });
}

template<class Access>
key_access duration(Access member, milliseconds shortest,
                    milliseconds longest = std::chrono::hours(24 * 365)) {
    return access_to(member,
                     [member, shortest, longest](configuration& c, const toml::node& node) -> std::string {
                         const auto written = node.value_exact<std::string>();
                         const auto value = written ? parse_duration(*written) : std::nullopt;
                         if (!value) return R"(must be a duration such as "200ms", "5s", "10m" or "2h")";
                         if (*value < shortest || *value > longest)
                             return "must be at least " + std::to_string(shortest.count()) +
                                    " ms and at most " + std::to_string(longest.count()) + " ms";
                         member(c) = *value;
                         return {};
                     });
}

template<class Access>
key_access whole_number(Access member, std::int64_t least, std::int64_t most) {
    return access_to(member, [member, least, most](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::int64_t>();
        if (!value || *value < least || *value > most)
            return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
        member(c) = *value;
        return {};
    });
}

template<class Access>
key_access yes_or_no(Access member) {
    return access_to(member, [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<bool>();
        if (!value) return "must be true or false";
        member(c) = *value;
        return {};
    });
}

template<class Access>
key_access path(Access member) {
    return access_to(member, [member](configuration& c, const toml::node& node) -> std::string {
        const auto value = node.value_exact<std::string>();
        if (!value || (!value->empty() && value->front() != '/')) return "must be an absolute path";
        member(c) = *value;
        return {};
    });
}

#define MEMBER(member) [](auto& c) -> auto& { return c.member; }

const std::vector<key_spec>& all_keys() {
    using enum effect;
    constexpr milliseconds none{0}, instant{1}, second{1'000};
    static const std::vector<key_spec> keys{
        {"supabase", "url", at_restart, text(MEMBER(supabase.url))},
        {"supabase", "service_key", at_restart, confidential(MEMBER(supabase.service_key))},
        {"supabase", "ca_file", at_restart, path(MEMBER(supabase.ca_file))},
        {"supabase", "poll_interval", at_once, duration(MEMBER(supabase.poll_interval), milliseconds(50))},
        {"supabase", "page_size", at_once, whole_number(MEMBER(supabase.page_size), 1, 1'000)},
        {"supabase", "request_timeout", at_restart,
         duration(MEMBER(supabase.request_timeout), milliseconds(100))},
        {"daemon", "state_dir", at_restart, path(MEMBER(daemon.state_dir))},
        {"daemon", "threads", at_restart, whole_number(MEMBER(daemon.threads), 1, 64)},
        {"daemon", "max_sites_in_flight", at_once,
         whole_number(MEMBER(daemon.max_sites_in_flight), 1, 10'000)},
        {"daemon", "drain_timeout", at_once, duration(MEMBER(daemon.drain_timeout), none)},
        {"queue", "mode", at_restart, choice(MEMBER(queue.mode), {"single", "shared"})},
        {"queue", "lease", at_restart, duration(MEMBER(queue.lease), second)},
        {"queue", "worker", at_restart, text(MEMBER(queue.worker))},
        {"ssh", "host_keys", at_restart, choice(MEMBER(ssh.host_keys), {"accept-new", "strict"})},
        {"ssh", "known_hosts", at_restart, path(MEMBER(ssh.known_hosts))},
        {"ssh", "connect_timeout", at_restart, duration(MEMBER(ssh.connect_timeout), milliseconds(100))},
        {"ssh", "channels_per_server", at_restart, whole_number(MEMBER(ssh.channels_per_server), 1, 10)},
        {"ssh", "keepalive", at_restart, duration(MEMBER(ssh.keepalive), second)},
        {"ssh", "idle_close", at_restart, duration(MEMBER(ssh.idle_close), second)},
        {"cloudpanel", "default_server", at_once, text(MEMBER(cloudpanel.default_server))},
        {"cloudpanel", "site_add_timeout", at_once, duration(MEMBER(cloudpanel.site_add_timeout), second)},
        {"cloudpanel", "certificate_timeout", at_once,
         duration(MEMBER(cloudpanel.certificate_timeout), second)},
        {"cloudpanel", "site_user_prefix", at_once, text(MEMBER(cloudpanel.site_user_prefix))},
        {"certificates", "preflight", at_once, choice(MEMBER(certificates.preflight), {"dns", "off"})},
        {"certificates", "give_up_after", at_once, duration(MEMBER(certificates.give_up_after), none)},
        {"certificates", "orders_per_server_per_3h", at_once,
         whole_number(MEMBER(certificates.orders_per_server_per_3h), 1, 300)},
        {"certificates", "keep_if_valid_for", at_once,
         duration(MEMBER(certificates.keep_if_valid_for), none)},
        {"matomo", "enabled", at_once, yes_or_no(MEMBER(matomo.enabled))},
        {"matomo", "url", at_restart, text(MEMBER(matomo.url))},
        {"matomo", "token", at_restart, confidential(MEMBER(matomo.token))},
        {"matomo", "timeout", at_restart, duration(MEMBER(matomo.timeout), milliseconds(100))},
        {"retry", "max_attempts", at_once, whole_number(MEMBER(retry.max_attempts), 1, 100)},
        {"retry", "first_delay", at_once, duration(MEMBER(retry.first_delay), instant)},
        {"retry", "max_delay", at_once, duration(MEMBER(retry.max_delay), instant)},
        {"retry", "server_outage_limit", at_once, duration(MEMBER(retry.server_outage_limit), none)},
        {"http", "listen", at_restart, text(MEMBER(http.listen))},
        {"log", "level", at_once, choice(MEMBER(log.level), {"debug", "info", "warning", "error"})},
        {"log", "target", at_restart, choice(MEMBER(log.target), {"auto", "journal", "stderr"})},
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
    return found == all_keys().end() ? "is unknown" : found->value.set(into, value);
}

std::vector<changed_key> take_changes(configuration& running, const configuration& next) {
    std::vector<changed_key> changed;
    for (const auto& key : all_keys()) {
        if (!key.value.differs(running, next)) continue;
        if (key.takes == effect::at_once) key.value.copy(running, next);
        changed.push_back({key.section + "." + key.name, key.takes});
    }
    return changed;
}

void check_values(const configuration& value, std::vector<std::string>& mistakes) {
    const auto wrong = [&](std::string sentence) { mistakes.push_back(std::move(sentence)); };
    if (value.supabase.url.empty())
        wrong("supabase.url is missing (or SUPABASE_URL)");
    else if (const auto url = http::parse_url(value.supabase.url); !url)
        wrong("supabase.url: " + url.error().detail);
    if (value.supabase.service_key.empty())
        wrong(
            "supabase.service_key is missing: it may stand in the systemd credential supabase_service_key, "
            "in "
            "SUPABASE_SERVICE_KEY, in the configuration file, or in a file supabase_service_key beside that");
    if (!value.matomo.url.empty())
        if (const auto url = http::parse_url(value.matomo.url); !url)
            wrong("matomo.url: " + url.error().detail);
    if (value.matomo.url.empty() != value.matomo.token.empty())
        wrong("matomo.url and matomo.token go together: set both, or none to take them from Supabase");
    if (value.queue.worker.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != std::string::npos ||
        value.queue.worker.size() > 64)
        wrong("queue.worker must be at most 64 letters, digits, '.', '_' and '-'");
    if (!is_user_prefix(value.cloudpanel.site_user_prefix))
        wrong("cloudpanel.site_user_prefix must be 1 to 16 lowercase letters, digits, '-' and '_', beginning "
              "with "
              "a letter");
    if (value.retry.max_delay < value.retry.first_delay)
        wrong("retry.max_delay must not be shorter than retry.first_delay");
    const auto listen = endpoint::parse_listen_address(value.http.listen);
    if (!value.http.listen.empty() && (!listen || listen->port() == 0))
        wrong(
            "http.listen must be ADDRESS:PORT (as in 127.0.0.1:8001 or [::1]:8001), or \"\" to turn it off");
}

} // namespace hosting
