#include "adapters/store/reading.hpp"

#include "adapters/store/database.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/stat.h>

namespace hosting {
namespace {

// A daemon that ends in between takes its write-ahead log with it.
constexpr int most_tries = 3;

failure unreadable(const std::filesystem::path& file, const std::string& why) {
    return {errc::memory_unusable, "the memory in " + file.string() + " cannot be read: " + why};
}

} // namespace

result<std::optional<memories>> read_store(const std::filesystem::path& state_dir) {
    const auto file = state_dir / "state.db";
    struct stat facts {};
    if (::stat(file.c_str(), &facts) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::optional<memories>();
        return unreadable(file, std::strerror(errno));
    }
    // A daemon that is just making it.
    if (facts.st_size == 0) return std::optional<memories>();
    std::string why;
    for (int i = 0; i < most_tries; ++i) {
        try {
            return std::optional<memories>(store::read_beside(file, std::chrono::system_clock::now()));
        } catch (const std::exception& e) {
            why = e.what();
        }
    }
    return unreadable(file, why);
}

} // namespace hosting
