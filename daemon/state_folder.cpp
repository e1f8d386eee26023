#include "daemon/state_folder.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
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

} // namespace

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
