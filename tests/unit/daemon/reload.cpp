#include "daemon/reload.hpp"

#include "daemon/configuration_keys.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace hosting;
using namespace std::chrono_literals;

namespace {

configuration good() {
    configuration c;
    c.supabase.url = "https://x.supabase.co";
    c.supabase.service_key = secret("old-key");
    c.ssh.known_hosts = c.daemon.state_dir / "known_hosts";
    return c;
}

loaded_configuration read(configuration value, std::vector<std::string> mistakes = {}) {
    return {std::move(value), std::move(mistakes)};
}

using names = std::vector<std::string>;

// No key has the value that it has in good().
configuration all_different() {
    configuration c;
    c.supabase = {"https://y.supabase.co", secret("new-key"), "/ca", 1s, 7, 1s};
    c.daemon = {"/s", 2, 7, 1s};
    c.queue = {"shared", 1s, "w"};
    c.ssh = {"strict", "/k", 1s, 7, 1s, 1s};
    c.cloudpanel = {"s", 1s, 1s, "u_"};
    c.certificates = {"off", 1s, 7, 1s};
    c.matomo = {false, "https://m", secret("new-token"), 1s};
    c.retry = {7, 1s, 2s, 1s};
    c.http = {"127.0.0.1:1"};
    c.log = {"error", "journal"};
    return c;
}

} // namespace

BOOST_AUTO_TEST_SUITE(reloads)

BOOST_AUTO_TEST_CASE(the_same_again_changes_nothing) {
    const auto result = reload(good(), read(good()));
    BOOST_TEST(result.mistakes.empty());
    BOOST_TEST(result.taken.empty());
    BOOST_TEST(result.at_restart.empty());
}

BOOST_AUTO_TEST_CASE(what_can_be_is_taken_at_once_and_the_rest_is_named) {
    auto next = good();
    next.retry.max_attempts = 3;
    next.matomo.enabled = false;
    next.supabase.poll_interval = 7s;
    next.supabase.service_key = secret("new-key");
    next.daemon.threads = 4;
    const auto result = reload(good(), read(next));
    BOOST_TEST((result.taken == names{"supabase.poll_interval", "matomo.enabled", "retry.max_attempts"}));
    BOOST_TEST((result.at_restart == names{"supabase.service_key", "daemon.threads"}));
    BOOST_TEST(result.value.retry.max_attempts == 3);
    BOOST_TEST(!result.value.matomo.enabled);
    BOOST_TEST((result.value.supabase.poll_interval == 7s));
    BOOST_TEST(result.value.supabase.service_key.reveal() == "old-key");
    BOOST_TEST(result.value.daemon.threads == 1);
    // Said again until there is a restart, and not after a way back.
    BOOST_TEST((reload(result.value, read(next)).at_restart == result.at_restart));
    BOOST_TEST(reload(result.value, read(next)).taken.empty());
    BOOST_TEST(reload(result.value, read(good())).at_restart.empty());
}

BOOST_AUTO_TEST_CASE(a_bad_one_is_refused_whole) {
    auto next = good();
    next.retry.max_attempts = 3;
    next.daemon.threads = 4;
    const auto result = reload(good(), read(next, {"c.toml:3: one", "c.toml:4: two"}));
    BOOST_TEST((result.mistakes == names{"c.toml:3: one", "c.toml:4: two"}));
    BOOST_TEST(result.value.retry.max_attempts == 8);
    BOOST_TEST(result.taken.empty());
    BOOST_TEST(result.at_restart.empty());
}

BOOST_AUTO_TEST_CASE(every_key_is_either_taken_or_named) {
    const auto result = reload(good(), read(all_different()));
    std::set<std::string> seen(result.taken.begin(), result.taken.end());
    seen.insert(result.at_restart.begin(), result.at_restart.end());
    std::size_t keys = 0;
    for (const auto& section : section_names())
        for (const auto& key : key_names(section)) {
            ++keys;
            BOOST_TEST(seen.contains(section + "." + key), section + "." + key);
        }
    BOOST_TEST(seen.size() == keys);
    BOOST_TEST(
        (result.taken ==
         names{"supabase.poll_interval", "supabase.page_size", "daemon.max_sites_in_flight",
               "daemon.drain_timeout", "cloudpanel.default_server", "cloudpanel.site_add_timeout",
               "cloudpanel.certificate_timeout", "cloudpanel.site_user_prefix", "certificates.preflight",
               "certificates.give_up_after", "certificates.orders_per_server_per_3h",
               "certificates.keep_if_valid_for", "matomo.enabled", "retry.max_attempts", "retry.first_delay",
               "retry.max_delay", "retry.server_outage_limit", "log.level"}));
    // What is in force is a mixture: nothing that needs a restart came along, all else did.
    BOOST_TEST((reload(result.value, read(good())).taken == result.taken));
    BOOST_TEST(reload(result.value, read(good())).at_restart.empty());
    BOOST_TEST((reload(result.value, read(all_different())).at_restart == result.at_restart));
}

BOOST_AUTO_TEST_CASE(known_hosts_in_another_state_folder_are_nobodys_change) {
    auto next = good();
    next.daemon.state_dir = "/elsewhere";
    next.ssh.known_hosts = "/elsewhere/known_hosts";
    BOOST_TEST((reload(good(), read(next)).at_restart == names{"daemon.state_dir"}));
    next.ssh.known_hosts = "/etc/known_hosts";
    BOOST_TEST((reload(good(), read(next)).at_restart == names{"daemon.state_dir", "ssh.known_hosts"}));
}

BOOST_AUTO_TEST_SUITE_END()
