#include "daemon/configuration.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <map>

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr const char* good_supabase =
    "[supabase]\nurl = 'https://x.supabase.co'\nservice_key = 'sb_secret_x'\n";

// A folder of its own for each test, with the environment that the configuration sees.
struct place {
    fs::path folder;
    std::map<std::string, std::string> variables;

    place() {
        std::string name = (fs::temp_directory_path() / "configuration-XXXXXX").string();
        folder = ::mkdtemp(name.data());
    }
    ~place() { fs::remove_all(folder); }
    place(const place&) = delete;
    place& operator=(const place&) = delete;

    fs::path write(const std::string& name, const std::string& text, fs::perms mode = fs::perms(0600)) const {
        std::ofstream(folder / name) << text;
        fs::permissions(folder / name, mode);
        return folder / name;
    }
    hosting::loaded_configuration load(const fs::path& file, bool must_exist = true) const {
        return hosting::load_configuration(file, must_exist, [this](const std::string& name) {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        });
    }
    hosting::loaded_configuration load_text(const std::string& text) const {
        return load(write("c.toml", text));
    }
};

bool mentions(const std::vector<std::string>& mistakes, const std::string& part) {
    return std::ranges::any_of(mistakes, [&](const auto& m) { return m.find(part) != std::string::npos; });
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(configurations, place)

BOOST_AUTO_TEST_CASE(the_least_there_can_be_and_the_defaults) {
    const auto c = load_text(good_supabase);
    BOOST_TEST(c.mistakes.empty());
    BOOST_TEST(c.value.supabase.url == "https://x.supabase.co");
    BOOST_TEST(c.value.supabase.service_key.reveal() == "sb_secret_x");
    BOOST_TEST((c.value.supabase.poll_interval == 5s));
    BOOST_TEST(c.value.ssh.known_hosts == "/var/lib/hosting-automator/known_hosts");
    BOOST_TEST((c.value.certificates.keep_if_valid_for == 21 * 24h));
    BOOST_TEST((c.value.retry.server_outage_limit == 2h));
    BOOST_TEST(c.value.http.listen == "127.0.0.1:8001");
    BOOST_TEST((c.value.level() == hosting::log_level::info));
}

BOOST_AUTO_TEST_CASE(values_are_taken) {
    const auto c =
        load_text(std::string(good_supabase) +
                  "poll_interval = '200ms'\n[daemon]\nstate_dir = '/tmp/s'\nthreads = 4\n[retry]\n"
                  "server_outage_limit = '0'\n[matomo]\nenabled = false\n[log]\nlevel = 'debug'\n");
    BOOST_TEST(c.mistakes.empty());
    BOOST_TEST((c.value.supabase.poll_interval == 200ms));
    BOOST_TEST(c.value.ssh.known_hosts == "/tmp/s/known_hosts");
    BOOST_TEST(c.value.daemon.threads == 4);
    BOOST_TEST(c.value.retry.server_outage_limit.count() == 0);
    BOOST_TEST(!c.value.matomo.enabled);
    BOOST_TEST((c.value.level() == hosting::log_level::debug));
}

BOOST_AUTO_TEST_CASE(all_mistakes_are_named_at_once_with_their_lines) {
    const auto c = load_text(
        "[supabase]\nurl = 'ftp://x'\npol_interval = '5s'\npage_size = 5000\n[sssh]\n[log]\n"
        "level = 'loud'\n[retry]\nfirst_delay = '1h'\nmax_delay = '1m'\n[queue]\nworker = 'my worker'\n"
        "[cloudpanel]\nsite_user_prefix = 'User '\nsite_add_timeout = 5\n[http]\nlisten = 'x'\n");
    BOOST_TEST(mentions(c.mistakes,
                        "c.toml:3: unknown key supabase.pol_interval (did you mean \"poll_interval\"?)"));
    BOOST_TEST(mentions(c.mistakes, "c.toml:4: supabase.page_size must be a whole number from 1 to 1000"));
    BOOST_TEST(mentions(c.mistakes, "c.toml:5: unknown section [sssh] (did you mean \"ssh\"?)"));
    BOOST_TEST(mentions(c.mistakes, "log.level must be \"debug\" or \"info\" or \"warning\" or \"error\""));
    BOOST_TEST(mentions(c.mistakes, "cloudpanel.site_add_timeout must be a duration"));
    BOOST_TEST(mentions(c.mistakes, "supabase.url: "));
    BOOST_TEST(mentions(c.mistakes, "supabase.service_key is missing"));
    BOOST_TEST(mentions(c.mistakes, "queue.worker must be at most 64 letters"));
    BOOST_TEST(mentions(c.mistakes, "cloudpanel.site_user_prefix must be"));
    BOOST_TEST(mentions(c.mistakes, "retry.max_delay must not be shorter"));
    BOOST_TEST(mentions(c.mistakes, "http.listen must be ADDRESS:PORT"));
    BOOST_TEST(c.mistakes.size() == 11U);
}

BOOST_AUTO_TEST_CASE(what_is_quoted_reaches_no_terminal_as_it_is) {
    const auto c = load_text("[\"\\u001b[31m\"]\n[log]\n\"a\\nb\" = 1\n" + std::string(500, 'x') + " = 1\n");
    BOOST_TEST(mentions(c.mistakes, "c.toml:1: unknown section [[31m]"));
    BOOST_TEST(mentions(c.mistakes, "c.toml:3: unknown key log.a b"));
    BOOST_TEST(mentions(c.mistakes, "xxx..."));
    BOOST_TEST(load_text("[matomo]\nenabled = t\n").mistakes.front().ends_with("saw 't '"));
}

BOOST_AUTO_TEST_CASE(a_broken_file_is_named_with_its_line) {
    BOOST_TEST(mentions(load_text("[supabase]\nurl = \n").mistakes, "c.toml:2: "));
    BOOST_TEST(mentions(load(folder / "nope.toml").mistakes,
                        "nope.toml: cannot be read: No such file or directory"));
}

BOOST_AUTO_TEST_CASE(without_a_file_the_environment_is_enough) {
    variables = {{"SUPABASE_URL", " https://y.supabase.co "}, {"SUPABASE_SERVICE_KEY", "k\n"}};
    const auto c = load(folder / "nope.toml", false);
    BOOST_TEST(c.mistakes.empty());
    BOOST_TEST(c.value.supabase.url == "https://y.supabase.co");
    BOOST_TEST(c.value.supabase.service_key.reveal() == "k");
    variables.clear();
    BOOST_TEST(mentions(load(folder / "nope.toml", false).mistakes, "there is no configuration file"));
}

BOOST_AUTO_TEST_CASE(the_first_place_of_a_secret_wins) {
    variables = {{"SUPABASE_SERVICE_KEY", "of-environment"}, {"CREDENTIALS_DIRECTORY", folder.string()}};
    BOOST_TEST(load_text(good_supabase).value.supabase.service_key.reveal() == "of-environment");
    (void)write("supabase_service_key", "of-credentials\n");
    (void)write("matomo_token", "token\n");
    const auto c = load_text(std::string(good_supabase) + "[matomo]\nurl = 'https://m.example'\n");
    BOOST_TEST(c.mistakes.empty());
    BOOST_TEST(c.value.supabase.service_key.reveal() == "of-credentials");
    BOOST_TEST(c.value.matomo.token.reveal() == "token");
}

BOOST_AUTO_TEST_CASE(in_a_shell_a_secret_comes_last_from_beside_the_file) {
    constexpr const char* no_key = "[supabase]\nurl = 'https://x.supabase.co'\n";
    const auto beside = write("supabase_service_key", "of-beside\n");
    BOOST_TEST(load_text(no_key).value.supabase.service_key.reveal() == "of-beside");
    BOOST_TEST(load_text(good_supabase).value.supabase.service_key.reveal() == "sb_secret_x");
    variables = {{"SUPABASE_SERVICE_KEY", "of-environment"}};
    BOOST_TEST(load_text(no_key).value.supabase.service_key.reveal() == "of-environment");
    // As in the service, which gets it by systemd or not at all.
    variables = {{"CREDENTIALS_DIRECTORY", "/nowhere"}};
    BOOST_TEST(mentions(load_text(no_key).mistakes, "supabase.service_key is missing"));
    variables.clear();
    fs::permissions(beside, fs::perms(0644));
    BOOST_TEST(mentions(load_text(no_key).mistakes, "supabase_service_key: holds a secret and is readable"));
    BOOST_TEST(load_text(good_supabase).mistakes.empty());
}

BOOST_AUTO_TEST_CASE(a_secret_that_everyone_can_read_is_refused) {
    const auto file = write("open.toml", good_supabase, fs::perms(0644));
    BOOST_TEST(mentions(load(file).mistakes, "holds a secret and is readable by everyone"));
    const auto harmless = write("open.toml", "[supabase]\nurl = 'https://x.supabase.co'\n", fs::perms(0644));
    variables = {{"SUPABASE_SERVICE_KEY", "k"}};
    BOOST_TEST(load(harmless).mistakes.empty());
}

BOOST_AUTO_TEST_CASE(mistakes_never_show_a_secret) {
    const auto c = load_text("[supabase]\nservice_key = 'sb_secret_x\n");
    for (const auto& m : c.mistakes)
        BOOST_TEST(m.find("sb_secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
