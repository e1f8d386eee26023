#include "adapters/cloudpanel/remote_script.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace hosting::cloudpanel;

namespace {

const shell_word nonce("N0nce"), domain("example.com"), user("user_examplecom"), password("Passw0rd");
const script_limits limits{660s, 180s};

std::vector<std::string> all_commands() {
    std::vector<std::string> all;
    for (const bool use_sudo : {false, true}) {
        all.push_back(look_command(nonce, domain, use_sudo));
        all.push_back(create_command(nonce, domain, user, password, false, limits, use_sudo));
        all.push_back(install_command(nonce, domain, shell_word("ab+/9="), limits, use_sudo));
    }
    return all;
}

int shell(const std::string& command) { return std::system(command.c_str()); }

} // namespace

BOOST_AUTO_TEST_SUITE(remote_script)

BOOST_AUTO_TEST_CASE(only_harmless_words_reach_a_shell) {
    for (const auto* text :
         {"", "a b", "a'b", "a\"b", "a;b", "$(x)", "a`b", "a\nb", "a&b", "~root", "a*", "a\\b", "a>b"})
        BOOST_CHECK_THROW(shell_word{text}, std::invalid_argument);
    BOOST_CHECK_NO_THROW(shell_word{"user_my-shop.com+/=9"});
}

BOOST_AUTO_TEST_CASE(the_text_is_quoted_once_and_whole) {
    for (const auto& command : all_commands())
        BOOST_TEST(std::count(command.begin(), command.end(), '\'') == 2);
}

BOOST_AUTO_TEST_CASE(what_varies_comes_as_parameters) {
    BOOST_TEST(create_command(nonce, domain, user, password, false, limits, false)
                   .ends_with("' hosting-automator N0nce example.com 660 180 user_examplecom Passw0rd new"));
    BOOST_TEST(create_command(nonce, domain, user, password, true, limits, false).ends_with(" over"));
    BOOST_TEST(install_command(nonce, domain, shell_word("-"), limits, true)
                   .ends_with("' hosting-automator N0nce example.com 660 180 -"));
    BOOST_TEST(look_command(nonce, domain, true).starts_with("exec sudo -n /bin/sh -c '"));
}

BOOST_AUTO_TEST_CASE(shells_accept_the_syntax) {
    for (const auto& command : all_commands()) {
        const auto script =
            command.substr(command.find('\'') + 1, command.rfind('\'') - command.find('\'') - 1);
        BOOST_TEST(shell("/bin/sh -n -c '" + script + "'") == 0);
        BOOST_TEST(shell("bash --posix -n -c '" + script + "'") == 0);
    }
}

BOOST_AUTO_TEST_SUITE_END()
