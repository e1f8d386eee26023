// The floor of the benchmark: the commands of a file, one after the other, each over a channel of its own of
// one SSH session. Blocking libssh2 and nothing else.
//
// ssh_loop ADDRESS PORT USER KEY_FILE COMMANDS_FILE; the commands end with a NUL each. Prints JSON.
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

std::vector<std::string> read_commands(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<std::string> commands;
    for (std::string one; std::getline(file, one, '\0');)
        commands.push_back(one);
    if (commands.empty()) throw std::runtime_error("no commands");
    return commands;
}

int connect_to(const char* address, const char* port) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (::inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("cannot connect");
    return fd;
}

LIBSSH2_SESSION* log_in(int fd, const char* user, const char* key) {
    auto* session = libssh2_session_init();
    if (!session || libssh2_session_handshake(session, fd) != 0 ||
        libssh2_userauth_publickey_fromfile(session, user, nullptr, key, nullptr) != 0)
        throw std::runtime_error("cannot log in");
    return session;
}

// Whether it ended with status 0.
bool run(LIBSSH2_SESSION* session, const std::string& command) {
    auto* channel = libssh2_channel_open_session(session);
    if (!channel || libssh2_channel_exec(channel, command.c_str()) != 0)
        throw std::runtime_error("a command cannot be sent");
    std::array<char, 16384> buffer{};
    while (libssh2_channel_read(channel, buffer.data(), buffer.size()) > 0) {
    }
    libssh2_channel_close(channel);
    libssh2_channel_wait_closed(channel);
    const bool well = libssh2_channel_get_exit_status(channel) == 0;
    libssh2_channel_free(channel);
    return well;
}

double seconds(steady::duration d) { return std::chrono::duration<double>(d).count(); }

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

void measure(std::span<char*> arguments) {
    const auto commands = read_commands(arguments[5]);
    const auto begin = steady::now();
    const int fd = connect_to(arguments[1], arguments[2]);
    auto* session = log_in(fd, arguments[3], arguments[4]);
    int failed = 0;
    for (const auto& command : commands)
        failed += run(session, command) ? 0 : 1;
    const double took = seconds(steady::now() - begin);
    libssh2_session_disconnect(session, "done");
    libssh2_session_free(session);
    ::close(fd);
    std::printf("{\"commands\": %zu, \"failed\": %d, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
                commands.size(), failed, took, cpu_seconds());
}

} // namespace

int main(int argc, char** argv) {
    try {
        if (argc != 6) throw std::runtime_error("ssh_loop ADDRESS PORT USER KEY_FILE COMMANDS_FILE");
        libssh2_init(0);
        measure({argv, static_cast<std::size_t>(argc)});
        libssh2_exit();
        return 0;
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "%s\n", broken.what());
        return 1;
    }
}
