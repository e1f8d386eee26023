#include "daemon/state_folder.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <sstream>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace hosting {
namespace {

// Who holds the lock wrote its process id into the file.
std::string holder(int file) {
    std::array<char, 32> text{};
    const auto got = ::pread(file, text.data(), text.size() - 1, 0);
    std::string pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!pid.empty() && pid.back() == '\n')
        pid.pop_back();
    return pid.empty() ? "another process" : "process " + pid;
}

void write_pid(int file) {
    const std::string pid = std::to_string(::getpid()) + "\n";
    // That the holder is nameless then is no reason not to hold.
    if (::ftruncate(file, 0) != 0 || ::pwrite(file, pid.data(), pid.size(), 0) < 0) return;
}

// A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF". The process, if it holds a lock
// on the file with this number. The device is not compared: file systems of several layers show another one.
std::optional<std::string> holder_in(const std::string& line, ino_t file) {
    std::istringstream words(line);
    std::string number, kind, how, mode, process, where;
    words >> number >> kind >> how >> mode >> process >> where;
    if (kind != "FLOCK" || mode != "WRITE") return std::nullopt;
    const auto colon = where.rfind(':');
    if (colon == where.npos || where.substr(colon + 1) != std::to_string(file)) return std::nullopt;
    return process;
}

} // namespace

std::optional<std::string> holder_of(const std::filesystem::path& folder) {
    const auto path = folder / "lock";
    struct stat facts {};
    if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
    std::string written;
    std::ifstream(path) >> written; // by the holder
    std::ifstream locks("/proc/locks");
    for (std::string line; std::getline(locks, line);)
        if (const auto process = holder_in(line, facts.st_ino); process && *process == written)
            return "process " + *process;
    return std::nullopt;
}

void work_as_owner_of(const std::filesystem::path& folder) {
    struct stat facts {};
    if (::geteuid() != 0 || ::stat(folder.c_str(), &facts) != 0 || facts.st_uid == 0) return;
    if (::setgroups(1, &facts.st_gid) != 0 || ::setresgid(facts.st_gid, facts.st_gid, facts.st_gid) != 0 ||
        ::setresuid(facts.st_uid, facts.st_uid, facts.st_uid) != 0)
        throw std::system_error(errno, std::generic_category(), "working as the owner of " + folder.string());
}

state_folder::state_folder(const std::filesystem::path& folder) {
    std::error_code failed;
    const bool made = std::filesystem::create_directories(folder, failed);
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
    const auto path = folder / "lock";
    lock_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        what_ = kind::unusable;
        detail_ = "the state folder " + folder.string() + " cannot be used: " + std::strerror(errno);
        return;
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        what_ = kind::taken;
        detail_ = "the state folder " + folder.string() + " is held by " + holder(lock_);
        return;
    }
    write_pid(lock_);
}

state_folder::~state_folder() {
    if (lock_ >= 0) ::close(lock_);
}

} // namespace hosting
