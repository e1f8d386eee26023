// The configuration: every key of the contract, checked, with all mistakes named at once.
#pragma once

#include "adapters/http/client.hpp"
#include "core/ports/log.hpp"
#include "core/secret.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace hosting {

struct configuration {
    struct {
        std::string url;
        secret service_key;
        std::filesystem::path ca_file;
        std::chrono::milliseconds poll_interval{5'000};
        std::int64_t page_size = 200;
        std::chrono::milliseconds request_timeout{15'000};
    } supabase;
    struct {
        std::filesystem::path state_dir = "/var/lib/hosting-automator";
        std::int64_t threads = 1;
        std::int64_t max_sites_in_flight = 256;
        std::chrono::milliseconds drain_timeout{60'000};
    } daemon;
    struct {
        std::string mode = "single";
        std::chrono::milliseconds lease{60'000};
        std::string worker;
    } queue;
    struct {
        std::string host_keys = "accept-new";
        std::filesystem::path known_hosts; // filled with <state_dir>/known_hosts
        std::chrono::milliseconds connect_timeout{20'000};
        std::int64_t channels_per_server = 8;
        std::chrono::milliseconds keepalive{30'000};
        std::chrono::milliseconds idle_close{600'000};
    } ssh;
    struct {
        std::string default_server;
        std::chrono::milliseconds site_add_timeout{180'000};
        std::chrono::milliseconds certificate_timeout{600'000};
        std::string site_user_prefix = "user_";
    } cloudpanel;
    struct {
        std::string preflight = "dns";
        std::chrono::milliseconds give_up_after{86'400'000};
        std::int64_t orders_per_server_per_3h = 250;
        std::chrono::milliseconds keep_if_valid_for{std::chrono::hours(21 * 24)};
    } certificates;
    struct {
        bool enabled = true;
        std::string url;
        secret token;
        std::chrono::milliseconds timeout{30'000};
    } matomo;
    struct {
        std::int64_t max_attempts = 8;
        std::chrono::milliseconds first_delay{30'000};
        std::chrono::milliseconds max_delay{1'800'000};
        std::chrono::milliseconds server_outage_limit{7'200'000};
    } retry;
    struct {
        std::string listen = "127.0.0.1:8001";
    } http;
    struct {
        std::string level = "info";
        std::string target = "auto";
    } log;

    [[nodiscard]] bool is_shared() const { return queue.mode == "shared"; }
    // log.level, valid once the configuration is.
    [[nodiscard]] log_level level() const;
};

struct loaded_configuration {
    configuration value;
    std::vector<std::string> mistakes; // sentences for people; empty: the value is good
};

// The process environment, as a function so that tests bring their own. nullopt: not set.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

// Reads `file`, and the secrets: first $CREDENTIALS_DIRECTORY/supabase_service_key (and matomo_token), then
// SUPABASE_SERVICE_KEY (with SUPABASE_URL), then the file. Without $CREDENTIALS_DIRECTORY, as in a person's
// shell, a secret that is nowhere else is taken from the file that systemd takes it from: of the credential's
// name, beside `file`. `file_must_exist`: it was named on the command line; otherwise a missing file is none,
// if the environment brings what is needed. Durations are "200ms", "5s", "10m", "2h", "21d". A file that
// holds a secret and is readable by others is a mistake.
[[nodiscard]] loaded_configuration load_configuration(const std::filesystem::path& file, bool file_must_exist,
                                                      const environment& env);

} // namespace hosting
