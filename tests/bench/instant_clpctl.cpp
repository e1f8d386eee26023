// Stands for clpctl on a server of the benchmark: leaves what our remote scripts look at afterwards, and
// answers at once or after a set time. The sandbox's own stand-in takes longer than what is measured here.
//
// In `folder`: delays ("SITE_ADD CERTIFICATE", milliseconds), the two certificates that are copied, and
// calls, to which every call adds a line at its start: CLOCK_MONOTONIC nanoseconds, command, domain.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace {

const std::string folder = "/var/lib/clpctl-standin/instant/";

std::string option(std::span<char*> arguments, std::string_view name) {
    for (const std::string_view argument : arguments)
        if (argument.starts_with(name)) return std::string(argument.substr(name.size()));
    return {};
}

// Whole lines, whoever else writes.
bool note_call(std::string_view command, const std::string& domain) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto at = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
    const std::string line = std::to_string(at) + ' ' + std::string(command) + ' ' + domain + '\n';
    const int calls = ::open((folder + "calls").c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    const bool noted =
        calls >= 0 && ::write(calls, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (calls >= 0) ::close(calls);
    return noted;
}

struct delays {
    std::int64_t site_add = 0;
    std::int64_t certificate = 0;
};

delays set_delays() {
    delays set;
    std::ifstream(folder + "delays") >> set.site_add >> set.certificate;
    return set;
}

bool install(const std::string& certificate, const std::string& domain) {
    std::ofstream to("/etc/nginx/ssl-certificates/" + domain + ".crt", std::ios::trunc);
    to << std::ifstream(folder + certificate).rdbuf();
    return static_cast<bool>(to.flush());
}

bool add_vhost(const std::string& domain, const std::string& user) {
    std::ofstream vhost("/etc/nginx/sites-enabled/" + domain + ".conf", std::ios::trunc);
    vhost << "server {\n  listen 443 ssl http2;\n  server_name " << domain << ";\n  root /home/" << user
          << "/htdocs/" << domain << ";\n}\n";
    return static_cast<bool>(vhost.flush());
}

int answer(bool done, const std::string& sentence) {
    std::cout << (done ? sentence : "No space left on device") << '\n';
    return done ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    const std::string_view command = argc > 1 ? arguments[1] : "";
    const std::string domain = option(arguments, "--domainName=");
    if (!note_call(command, domain)) return answer(false, {});
    const auto set = set_delays();
    const bool adds = command == "site:add:static";
    std::this_thread::sleep_for(std::chrono::milliseconds(adds ? set.site_add : set.certificate));
    if (adds) {
        const std::string user = option(arguments, "--siteUser=");
        return answer(install("self-signed.crt", domain) && add_vhost(domain, user),
                      "Site " + domain + " has been added.");
    }
    if (command == "lets-encrypt:install:certificate")
        return answer(install("issued.crt", domain), "Certificate installation was successful.");
    std::cout << "There are no commands defined in that namespace.\n";
    return 1;
}
