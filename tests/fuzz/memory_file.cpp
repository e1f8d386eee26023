#include "tests/fuzz/memory_file.hpp"

#include <cerrno>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace hosting::fuzz {
namespace {

void need(bool done) {
    if (!done) throw std::system_error(errno, std::generic_category(), "a file in memory");
}

} // namespace

memory_file::memory_file()
    : file_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    need(file_ >= 0);
    need(::fchmod(file_, S_IRUSR | S_IWUSR) == 0);
}

memory_file::~memory_file() { ::close(file_); }

std::filesystem::path memory_file::path() const { return "/proc/self/fd/" + std::to_string(file_); }

void memory_file::write(std::string_view text) const {
    need(::ftruncate(file_, 0) == 0);
    need(::pwrite(file_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
}

std::string memory_file::read() const {
    struct stat facts {};
    need(::fstat(file_, &facts) == 0);
    std::string text(static_cast<std::size_t>(facts.st_size), '\0');
    need(::pread(file_, text.data(), text.size(), 0) == facts.st_size);
    return text;
}

} // namespace hosting::fuzz
