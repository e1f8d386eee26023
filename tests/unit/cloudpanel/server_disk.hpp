// A server whose clpctl answers as told and writes down what it was asked; the real scripts run there.
#pragma once

#include "adapters/cloudpanel/remote_script.hpp"
#include "adapters/cloudpanel/script_output.hpp"
#include "tests/unit/cloudpanel/temporary_root.hpp"
#include "tests/unit/ssh/files.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <sys/stat.h>

namespace hosting::test {

struct server_disk : temporary_root {
    static constexpr const char* installation_file = "var/lib/hosting-automator/installation";
    inline static const std::string ours = "0b5c1f7e-1111-4222-8333-444455556666";

    server_disk() {
        install("clpctl", "echo \"$@\" >>" + (*this / "calls").string() + "; echo done");
        // Each tells of itself before it does its work.
        for (const std::string name : {"flock", "mkdir", "mv", "pgrep", "sed", "timeout"})
            install(name, "echo " + name + " >>" + (*this / "processes").string() + "; exec /usr/bin/" +
                              name + " \"$@\"");
    }

    [[nodiscard]] cloudpanel::script_output create(const std::string& user = "user_examplecom",
                                                   bool over_orphan = false) const {
        return create_under({}, user, over_orphan);
    }
    [[nodiscard]] cloudpanel::script_output create_under(const fence& guard,
                                                         const std::string& user = "user_examplecom",
                                                         bool over_orphan = false,
                                                         const std::string& domain = "example.com") const {
        return parsed(cloudpanel::create_command(word("N1"), word(domain), {word(ours), guard}, word(user),
                                                 word("Passw0rd"), over_orphan, limits, false));
    }
    [[nodiscard]] cloudpanel::script_output install_certificate(const std::string& mark = "-",
                                                                const fence& guard = {}) const {
        return parsed(cloudpanel::install_command(word("N1"), word("example.com"), {word(ours), guard},
                                                  word(mark), limits, false));
    }
    [[nodiscard]] cloudpanel::script_output look() const {
        return parsed(cloudpanel::look_command(word("N1"), word("example.com"), false));
    }
    [[nodiscard]] cloudpanel::script_output parsed(const std::string& command, int status = 0) const {
        const auto text = temporary_root::run(command, status);
        BOOST_TEST(text.size() < 1'000U); // what is on the server does not fill the answer
        return cloudpanel::parse_script_output(text, "N1");
    }

    void leave_file(const char* name, const std::string& text) const {
        std::filesystem::create_directories((*this / name).parent_path());
        write_file(*this / name, text);
    }
    void leave_installation(const std::string& text) const { leave_file(installation_file, text); }
    [[nodiscard]] std::string installation() const { return read_file(*this / installation_file); }
    [[nodiscard]] std::string calls() const { return read_file(*this / "calls"); }
    [[nodiscard]] std::string processes() const { return read_file(*this / "processes"); }

    cloudpanel::script_limits limits{std::chrono::seconds(5), std::chrono::seconds(5)};

private:
    static cloudpanel::shell_word word(const std::string& text) { return cloudpanel::shell_word(text); }
};

inline mode_t mode_of(const std::filesystem::path& path) {
    struct stat found {};
    ::stat(path.c_str(), &found);
    return found.st_mode & 07777;
}

} // namespace hosting::test
