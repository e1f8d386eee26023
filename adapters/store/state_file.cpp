#include "adapters/store/state_file.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace hosting::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_aside = 10;
constexpr const char* mark = ".corrupt-";
constexpr const char* beside[] = {"-wal", "-shm"};

std::string utc(wall_time t) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(t);
    std::tm parts{};
    char text[32];
    const auto size = std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", ::gmtime_r(&seconds, &parts));
    return {text, size};
}

std::vector<std::string> already_aside(const fs::path& file) {
    const auto prefix = file.filename().string() + mark;
    std::vector<std::string> found;
    std::error_code unreadable;
    for (fs::directory_iterator at(file.parent_path(), unreadable), end; at != end;
         at.increment(unreadable)) {
        const auto name = at->path().filename().string();
        if (name.starts_with(prefix) && !name.ends_with(beside[0]) && !name.ends_with(beside[1]))
            found.push_back(at->path().string());
    }
    std::ranges::sort(found);
    return found;
}

void make_room(const fs::path& file) {
    const auto found = already_aside(file);
    for (std::size_t i = 0; i + most_aside <= found.size(); ++i) {
        std::remove(found[i].c_str());
        remove_what_is_beside(found[i]);
    }
}

std::string free_name(const fs::path& file, wall_time now) {
    const auto name = file.string() + mark + utc(now);
    auto unused = name;
    for (int i = 2; ::access(unused.c_str(), F_OK) == 0; ++i)
        unused = name + "-" + std::to_string(i);
    return unused;
}

} // namespace

void make_private(const fs::path& file) noexcept {
    std::error_code said_later;
    if (fs::create_directories(file.parent_path(), said_later))
        fs::permissions(file.parent_path(), fs::perms::owner_all, said_later);
    // Only a file that was not there is opened: closing another would drop SQLite's locks on it.
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (made >= 0)
        ::close(made);
    else
        ::chmod(file.c_str(), S_IRUSR | S_IWUSR);
}

std::string put_aside(const fs::path& file, wall_time now, std::error_code& failed) {
    make_room(file);
    auto name = free_name(file, now);
    fs::rename(file, name, failed);
    std::error_code not_there;
    for (const char* suffix : beside)
        if (!failed) fs::rename(file.string() + suffix, name + suffix, not_there);
    return name;
}

void remove_what_is_beside(const fs::path& file) noexcept {
    for (const char* suffix : beside)
        std::remove((file.string() + suffix).c_str());
}

} // namespace hosting::store
