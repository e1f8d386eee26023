#include "daemon/configuration.hpp"

#include "core/message_text.hpp"
#include "daemon/configuration_keys.hpp"
#include "daemon/nearest_word.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sys/stat.h>
#include <toml++/toml.h>

namespace hosting {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t shown = 60; // characters of a name that nobody knows
constexpr std::size_t said = 200; // of the TOML parser's words, which quote the text around the mistake

std::string trimmed(std::string text) {
    const auto blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
    text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), blank));
    return text;
}

class loader {
public:
    explicit loader(const environment& env)
        : env_(env) {}

    loaded_configuration load(const fs::path& file, bool must_exist) {
        std::error_code failed;
        // A file that cannot even be looked for is named by read_file.
        if (must_exist || fs::exists(file, failed) || failed)
            read_file(file);
        else
            missing_file_ = file;
        take_environment();
        if (!env_("CREDENTIALS_DIRECTORY")) take_from_beside(file);
        fill_in();
        check_values(config_, mistakes_);
        if (config_.supabase.url.empty() && !missing_file_.empty())
            mistakes_.push_back("there is no configuration file " + missing_file_.string());
        return {std::move(config_), std::move(mistakes_)};
    }

private:
    void read_file(const fs::path& file) {
        std::ifstream stream(file, std::ios::binary);
        if (!stream) {
            mistakes_.push_back(file.string() + ": cannot be read: " + std::strerror(errno));
            return;
        }
        try {
            const toml::table root = toml::parse(stream, file.string());
            for (const auto& [key, node] : root)
                read_section(file, std::string(key.str()), key.source().begin.line, node);
        } catch (const toml::parse_error& e) {
            mistakes_.push_back(file.string() + ":" + std::to_string(e.source().begin.line) + ": " +
                                plain_text(e.description(), said));
            return;
        }
        const bool has_secret = !config_.supabase.service_key.empty() || !config_.matomo.token.empty();
        if (has_secret) refuse_if_open(file);
    }

    void refuse_if_open(const fs::path& file) {
        struct stat facts {};
        if (::stat(file.c_str(), &facts) == 0 && (facts.st_mode & S_IROTH) != 0)
            mistakes_.push_back(file.string() + ": holds a secret and is readable by everyone; chmod 640 it");
    }

    void read_section(const fs::path& file, const std::string& name, unsigned line, const toml::node& node) {
        const auto at = file.string() + ":" + std::to_string(line) + ": ";
        const auto sections = section_names();
        if (std::ranges::find(sections, name) == sections.end()) {
            mistakes_.push_back(at + "unknown section [" + plain_text(name, shown) + "]" +
                                did_you_mean(name, sections));
            return;
        }
        const auto* table = node.as_table();
        if (table == nullptr) {
            mistakes_.push_back(at + name + " must be a section: [" + name + "]");
            return;
        }
        for (const auto& [key, value] : *table)
            read_key(file, name, std::string(key.str()), key.source().begin.line, value);
    }

    void read_key(const fs::path& file, const std::string& section, const std::string& key, unsigned line,
                  const toml::node& value) {
        const auto at = file.string() + ":" + std::to_string(line) + ": ";
        const auto keys = key_names(section);
        if (std::ranges::find(keys, key) == keys.end()) {
            mistakes_.push_back(at + "unknown key " + section + "." + plain_text(key, shown) +
                                did_you_mean(key, keys));
            return;
        }
        if (const auto wrong = set_key(config_, section, key, value); !wrong.empty())
            mistakes_.push_back(at + section + "." + key + " " + wrong);
    }

    void take_environment() {
        if (auto url = env_("SUPABASE_URL"); url && !trimmed(*url).empty())
            config_.supabase.url = trimmed(*url);
        if (auto key = env_("SUPABASE_SERVICE_KEY"); key && !trimmed(*key).empty())
            config_.supabase.service_key = secret(trimmed(std::move(*key)));
        if (const auto folder = env_("CREDENTIALS_DIRECTORY")) {
            take_credential(fs::path(*folder) / "supabase_service_key", config_.supabase.service_key);
            take_credential(fs::path(*folder) / "matomo_token", config_.matomo.token);
        }
    }

    void take_from_beside(const fs::path& config) {
        const auto take = [&](const char* name, secret& into) {
            const auto file = config.parent_path() / name;
            std::error_code ignored;
            if (!into.empty() || !fs::exists(file, ignored)) return;
            take_credential(file, into);
            if (!into.empty()) refuse_if_open(file);
        };
        take("supabase_service_key", config_.supabase.service_key);
        take("matomo_token", config_.matomo.token);
    }

    void take_credential(const fs::path& file, secret& into) {
        std::error_code ignored;
        if (!fs::exists(file, ignored)) return;
        std::ifstream stream(file, std::ios::binary);
        if (!stream) {
            mistakes_.push_back(file.string() + ": cannot be read: " + std::strerror(errno));
            return;
        }
        std::string text{std::istreambuf_iterator<char>(stream), {}};
        if (stream.bad() || trimmed(text).empty())
            mistakes_.push_back(file.string() + ": is empty or cannot be read");
        else
            into = secret(trimmed(std::move(text)));
    }

    void fill_in() {
        if (config_.ssh.known_hosts.empty())
            config_.ssh.known_hosts = config_.daemon.state_dir / "known_hosts";
    }

    const environment& env_;
    configuration config_;
    std::vector<std::string> mistakes_;
    fs::path missing_file_;
};

} // namespace

loaded_configuration load_configuration(const fs::path& file, bool file_must_exist, const environment& env) {
    return loader(env).load(file, file_must_exist);
}

log_level configuration::level() const {
    if (log.level == "debug") return log_level::debug;
    if (log.level == "warning") return log_level::warning;
    return log.level == "error" ? log_level::error : log_level::info;
}

} // namespace hosting
