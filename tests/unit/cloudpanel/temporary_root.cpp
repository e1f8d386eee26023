#include "tests/unit/cloudpanel/temporary_root.hpp"

#include "tests/unit/ssh/files.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hosting::test {
namespace {

std::string unshare() {
    return ::geteuid() == 0 ? "unshare --mount" : "unshare --user --map-root-user --mount";
}

void write_program(const std::filesystem::path& path, const std::string& script) {
    write_file(path, "#!/bin/sh\n" + script + "\n");
    ::chmod(path.c_str(), S_IRWXU);
}

} // namespace

boost::test_tools::assertion_result temporary_root::there(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result can(std::system((unshare() + " true 2>/dev/null").c_str()) == 0);
    if (!can) can.message() << "mount namespaces are not allowed here";
    return can;
}

temporary_root::temporary_root() {
    for (const char* name :
         {"bin", "etc/nginx/sites-enabled", "etc/nginx/ssl-certificates", "home", "run/lock", "var/lib"})
        std::filesystem::create_directories(*this / name);
    write_file(*this / "etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
    prepare("");
    const std::string root = folder_.path().string();
    write_program(entrance(), "exec " + unshare() +
                                  " /bin/sh -c 'for d in etc home run var; do mount --bind " + root +
                                  "/$d /$d || exit 99; done\n. " + root + "/prepare\nPATH=" + root +
                                  "/bin:/usr/sbin:/usr/bin:/sbin:/bin exec /bin/sh -c "
                                  "\"$SSH_ORIGINAL_COMMAND\"'");
}

void temporary_root::install(const std::string& name, std::string_view script) const {
    write_program(*this / "bin" / name, std::string(script));
}

void temporary_root::add_user(const std::string& name) const {
    std::ofstream(*this / "etc/passwd", std::ios::app)
        << name << ":x:1001:1001::/home/" << name << ":/bin/bash\n";
    std::filesystem::create_directories(*this / "home" / name);
}

void temporary_root::prepare(std::string_view lines) const { write_file(*this / "prepare", lines); }

std::string temporary_root::run(const std::string& command, int status) const {
    ::setenv("SSH_ORIGINAL_COMMAND", command.c_str(), 1);
    FILE* out = ::popen(entrance().c_str(), "r");
    if (!out) throw std::runtime_error("popen failed");
    std::string text;
    std::array<char, 4096> piece;
    while (const auto got = std::fread(piece.data(), 1, piece.size(), out))
        text.append(piece.data(), got);
    const int ended = ::pclose(out);
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != status)
        throw std::runtime_error("the command ended with " + std::to_string(ended) + ":\n" + text);
    return text;
}

} // namespace hosting::test
