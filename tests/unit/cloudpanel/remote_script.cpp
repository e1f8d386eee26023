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
const actor ours(shell_word("0aa1-7f"), {});
const actor leased(shell_word("0aa1-7f"), {"11f0-a2", 18'446'744'073'709'551'615U});
const script_limits limits{660s, 180s};

std::vector<std::string> all_commands() {
    std::vector<std::string> all;
    for (const bool use_sudo : {false, true}) {
        all.push_back(look_command(nonce, domain, use_sudo));
        all.push_back(probe_command(nonce, 20s, use_sudo));
        all.push_back(create_command(nonce, domain, ours, user, password, false, limits, use_sudo));
        all.push_back(install_command(nonce, domain, ours, shell_word("ab+/9="), limits, use_sudo));
        all.push_back(install_command(nonce, domain, leased, shell_word("-"), limits, use_sudo));
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

BOOST_AUTO_TEST_CASE(a_queue_names_one_folder) {
    for (const auto* id : {"..", "a/b", "a b", "a.b"})
        BOOST_CHECK_THROW((actor{shell_word("0aa1-7f"), {id, 1}}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(each_text_is_quoted_once_and_whole) {
    for (const auto& command : all_commands()) {
        const bool has_a_shell_of_its_own = command.find("\"$@\"' '") != command.npos;
        BOOST_TEST(std::ranges::count(command, '\'') == (has_a_shell_of_its_own ? 4 : 2));
    }
}

BOOST_AUTO_TEST_CASE(what_varies_comes_as_parameters) {
    BOOST_TEST(create_command(nonce, domain, ours, user, password, false, limits, false)
                   .ends_with("' -- N0nce example.com 660 180 0aa1-7f - 0 user_examplecom Passw0rd new"));
    BOOST_TEST(create_command(nonce, domain, ours, user, password, true, limits, false).ends_with(" over"));
    BOOST_TEST(install_command(nonce, domain, ours, shell_word("-"), limits, true)
                   .ends_with("' N0nce example.com 660 180 0aa1-7f - 0 -"));
    BOOST_TEST(install_command(nonce, domain, leased, shell_word("-"), limits, false)
                   .ends_with(" 660 180 0aa1-7f 11f0-a2 18446744073709551615 -"));
    BOOST_TEST(look_command(nonce, domain, true).starts_with("exec sudo -n /bin/sh -c '"));
}

BOOST_AUTO_TEST_CASE(the_syntax_is_accepted) {
    for (const auto& command : all_commands()) {
        const auto from = command.rfind('\'', command.rfind('\'') - 1);
        const auto script = command.substr(from, command.rfind('\'') + 1 - from);
        const bool is_perl = command.find("/usr/bin/perl -e") != command.npos;
        BOOST_TEST(shell((is_perl ? "/usr/bin/perl -wc -e " : "/bin/sh -n -c ") + script + " 2>/dev/null") ==
                   0);
    }
}

// In quotes csh takes no line's end, expands what stands behind a !, and fish halves a doubled backslash.
BOOST_AUTO_TEST_CASE(any_login_shell_takes_what_is_for_perl) {
    for (const auto& command : all_commands()) {
        if (command.find("/usr/bin/perl -e") == command.npos) continue;
        BOOST_TEST(command.find('\n') == command.npos);
        BOOST_TEST(command.find("\\\\") == command.npos);
        for (auto at = command.find('!'); at != command.npos; at = command.find('!', at + 1))
            BOOST_TEST(std::string(" =(").find(command.at(at + 1)) != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
