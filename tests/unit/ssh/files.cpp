#include "tests/unit/ssh/files.hpp"

#include "adapters/ssh/host_key.hpp"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <openssl/evp.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hosting::test {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
}

namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (auto& t : texts)
        all.push_back(t.data());
    all.push_back(nullptr);
    return all;
}

} // namespace

pid_t start_program(const std::vector<std::string>& arguments) {
    auto words = arguments;
    std::vector<std::string> settings{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"};
    const auto argv = pointers(words);
    const auto environment = pointers(settings);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2})
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) throw std::runtime_error("cannot start " + arguments[0]);
    return child;
}

void run_program(const std::vector<std::string>& arguments) {
    const auto child = start_program(arguments);
    int status = 0;
    if (::waitpid(child, &status, 0) != child || status != 0)
        throw std::runtime_error(arguments[0] + " failed");
}

std::string openssh_line_of_ed25519(std::string_view pem) {
    const auto begin = pem.find('\n') + 1;
    const auto body = pem.substr(begin, pem.find('\n', begin) - begin);
    std::string der(body.size(), '\0');
    EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der.data()),
                    reinterpret_cast<const unsigned char*>(body.data()), static_cast<int>(body.size()));
    constexpr std::size_t prefix_bytes = 12; // of a SubjectPublicKeyInfo for this algorithm (RFC 8410)
    const std::string key("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19);
    return "ssh-ed25519 " + ssh::base64(key + der.substr(prefix_bytes, 32)) + "\n";
}

std::size_t count_of(std::string_view needle, std::string_view haystack) {
    std::size_t count = 0;
    for (auto at = haystack.find(needle); at != haystack.npos; at = haystack.find(needle, at + needle.size()))
        ++count;
    return count;
}

} // namespace hosting::test
