// A server's disk for one test: commands run in a mount namespace where /etc, /home, /run and /var are its
// own.
#pragma once

#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/tree/test_unit.hpp>
#include <filesystem>
#include <string>
#include <string_view>

namespace hosting::test {

class temporary_root {
public:
    temporary_root();

    // Says why not where no such namespace can be made: the tests that need it are skipped then.
    [[nodiscard]] static boost::test_tools::assertion_result there(boost::unit_test::test_unit_id);

    // A path of the server's, such as "etc/passwd", as this machine sees it.
    [[nodiscard]] std::filesystem::path operator/(const char* path) const { return folder_.path() / path; }

    // A program on the server, a shell script, first in its PATH.
    void install(const std::string& name, std::string_view script) const;
    // A user with a home.
    void add_user(const std::string& name) const;
    // Shell lines that run there before each command.
    void prepare(std::string_view lines) const;

    // What the command prints, as sshd would run it. Throws unless it ends with `status`.
    [[nodiscard]] std::string run(const std::string& command, int status = 0) const;

    // The program that runs $SSH_ORIGINAL_COMMAND there: for sshd's ForceCommand.
    [[nodiscard]] std::string entrance() const { return (folder_.path() / "enter").string(); }

private:
    temporary_folder folder_;
};

} // namespace hosting::test
