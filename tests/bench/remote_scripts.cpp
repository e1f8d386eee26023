// The very commands that the daemon sends for sites: create and install for each domain of stdin (a line
// each), every one ended by a NUL.
//
// remote_scripts SELF_SIGNED_FILE: the certificate that site:add leaves.
#include "adapters/cloudpanel/certificate_text.hpp"
#include "adapters/cloudpanel/random_text.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "core/site_user.hpp"

#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

namespace {

using namespace hosting;
using cloudpanel::shell_word;

constexpr cloudpanel::script_limits site_add_limits{std::chrono::seconds(660), std::chrono::seconds(180)};
constexpr cloudpanel::script_limits certificate_limits{std::chrono::seconds(660), std::chrono::seconds(600)};
constexpr std::size_t nonce_length = 16;

std::string mark_of(const char* file) {
    std::ifstream from(file);
    const std::string pem{std::istreambuf_iterator<char>(from), {}};
    const auto installed = cloudpanel::parse_certificate(pem, "any");
    if (!installed) throw std::runtime_error("no certificate is in the file");
    return installed->mark;
}

void write_scripts(const std::string& domain, const cloudpanel::actor& who, const shell_word& mark) {
    const shell_word name(domain);
    const shell_word user(site_users_for("user_", domain).preferred);
    const shell_word password(cloudpanel::make_password().reveal());
    const shell_word nonce(cloudpanel::random_text(nonce_length));
    std::cout << cloudpanel::create_command(nonce, name, who, user, password, false, site_add_limits, false)
              << '\0' << cloudpanel::install_command(nonce, name, who, mark, certificate_limits, false)
              << '\0';
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 2) throw std::runtime_error("remote_scripts SELF_SIGNED_FILE");
        const cloudpanel::actor who(shell_word("00000000-0000-4000-8000-000000000000"), {});
        const shell_word mark(mark_of(argv[1]));
        for (std::string domain; std::getline(std::cin, domain);)
            write_scripts(domain, who, mark);
        return std::cout.flush() ? 0 : 1;
    } catch (const std::exception& broken) {
        std::cerr << broken.what() << '\n';
        return 1;
    }
}
