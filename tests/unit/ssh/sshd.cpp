#include "tests/unit/ssh/sshd.hpp"

#include "tests/unit/ssh/files.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace hosting::test {
namespace {

constexpr const char* program = "/usr/sbin/sshd";

int loopback_socket(std::uint16_t port, bool connect) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const auto* a = reinterpret_cast<const sockaddr*>(&address);
    const int shared = 1; // with a listener that asks for the same, as sshd does
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &shared, sizeof shared);
    const int rc = connect ? ::connect(fd, a, sizeof address) : ::bind(fd, a, sizeof address);
    if (rc == 0) return fd;
    ::close(fd);
    return -1;
}

std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

template<class Condition>
void wait_until(Condition holds, const std::string& what) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > until) throw std::runtime_error("waited in vain: " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

bool namespaces_allowed() {
    try {
        run_program({"unshare", "--mount", "true"});
        return true;
    } catch (const std::runtime_error&) {
        return false;
    }
}

std::vector<std::string> words(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> all;
    for (std::string word; in >> word;)
        all.push_back(word == "''" ? "" : word);
    return all;
}

// Also of a process that is not our child.
void kill_and_wait(pid_t pid) {
    pollfd gone{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0};
    if (gone.fd < 0) return; // already
    ::kill(pid, SIGKILL);
    while (::poll(&gone, 1, -1) < 0 && errno == EINTR) {
    }
    ::close(gone.fd);
}

} // namespace

boost::test_tools::assertion_result sshd::there(boost::unit_test::test_unit_id) {
    boost::test_tools::assertion_result yes(true);
    if (::access(program, X_OK) == 0 && ::geteuid() == 0) return yes;
    boost::test_tools::assertion_result no(false);
    no.message() << "there is no " << program << ", or this is not root";
    return no;
}

sshd::sshd(const std::string& options)
    : reservation_(loopback_socket(0, false))
    , port_(port_of(reservation_)) {
    const passwd* self = ::getpwuid(::geteuid()); // here, since threads may not ask at the same time
    user_ = self->pw_name;
    home_ = self->pw_dir;
    std::error_code ignored;
    std::filesystem::create_directory("/run/sshd", ignored); // an sshd run by root insists on it
    new_host_key();
    authorise("");
    const auto file = [this](const char* name) { return (folder() / name).string(); };
    write_file(folder() / "sshd_config",
               options + "\nListenAddress 127.0.0.1\nPort " + std::to_string(port_) + "\nHostKey " +
                   file("host_key") + "\nPidFile " + file("pid") + "\nAuthorizedKeysFile " +
                   file("authorized_keys") +
                   "\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no"
                   "\nPermitRootLogin prohibit-password\nLogLevel VERBOSE\nMaxStartups 100\nPrintMotd no"
                   "\nUseDNS no\nPermitUserRC no\nPermitUserEnvironment no\n");
    start();
}

sshd::~sshd() {
    kill();
    ::close(reservation_);
}

void sshd::start() {
    // setpriv: it ends with the tests also when they crash.
    std::vector<std::string> arguments{"setpriv",
                                       "--pdeathsig",
                                       "KILL",
                                       program,
                                       "-D",
                                       "-f",
                                       (folder() / "sshd_config").string(),
                                       "-E",
                                       (folder() / "log").string()};
    // In a mount namespace the user's home is an empty folder: the machine's .bashrc, which bash reads for
    // each command, may be slow or noisy. Where that is not allowed, it is done without.
    if (namespaces_allowed()) {
        const std::string hide_home = "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
        std::vector<std::string> wrapped{"unshare", "--mount", "--propagation", "private",
                                         "sh",      "-c",      hide_home,       (folder() / "home").string(),
                                         home_};
        std::filesystem::create_directory(folder() / "home");
        arguments.insert(arguments.begin(), wrapped.begin(), wrapped.end());
    }
    pid_ = start_program(arguments);
    wait_until(
        [this] {
            if (::waitpid(pid_, nullptr, WNOHANG) == pid_) throw std::runtime_error("sshd ended:\n" + log());
            const int fd = loopback_socket(port_, true);
            if (fd >= 0) ::close(fd);
            return fd >= 0;
        },
        "sshd to listen");
}

// Its sessions are in process groups and sessions of their own: found by their parents. A session's
// connection is broken when its process is gone, so each is waited for.
void sshd::kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGSTOP); // no new ones meanwhile
    std::vector<pid_t> doomed{pid_};
    for (std::size_t i = 0; i < doomed.size(); ++i) {
        const auto task =
            "/proc/" + std::to_string(doomed[i]) + "/task/" + std::to_string(doomed[i]) + "/children";
        for (const auto& child : words(read_file(task)))
            doomed.push_back(static_cast<pid_t>(std::stol(child)));
    }
    for (const auto pid : doomed)
        kill_and_wait(pid);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

void sshd::new_host_key() {
    for (const char* name : {"host_key", "host_key.pub"})
        std::filesystem::remove(folder() / name);
    run_program({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", (folder() / "host_key").string()});
}

std::string sshd::make_key(const std::string& name, const std::string& options) {
    std::vector<std::string> command{"ssh-keygen", "-q", "-N", "", "-f", (folder() / name).string()};
    for (auto& word : words(options))
        command.push_back(std::move(word));
    run_program(command);
    authorise(read_file(folder() / (name + ".pub")));
    return read_file(folder() / name);
}

void sshd::authorise(std::string_view public_key) {
    std::ofstream(folder() / "authorized_keys", std::ios::app) << public_key;
}

std::string sshd::log() const { return read_file(folder() / "log"); }

std::string sshd::host_key() const { return read_file(folder() / "host_key.pub"); }

void sshd::wait_for_log(std::string_view text, std::size_t times) const {
    wait_until([&] { return count_of(text, log()) >= times; }, std::string(text));
}

silent_listener::silent_listener()
    : socket_(loopback_socket(0, false))
    , port_(port_of(socket_)) {
    ::listen(socket_, 5);
}

silent_listener::~silent_listener() { ::close(socket_); }

} // namespace hosting::test
