#include "adapters/ssh/known_hosts.hpp"

#include "adapters/ssh/host_key.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace hosting::ssh {
namespace {

std::string reason(int error) { return std::generic_category().message(error); }

// 0 or an errno.
int read_all(const std::filesystem::path& path, std::string& into) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    std::array<char, 16 * 1024> piece;
    ssize_t got = 0;
    while ((got = ::read(file, piece.data(), piece.size())) > 0)
        into.append(piece.data(), static_cast<std::size_t>(got));
    const int error = got < 0 ? errno : 0;
    ::close(file);
    return error;
}

// Whole lines only, also when a person's editor left the last one without its end.
std::string appended(std::string_view line, int file) {
    char last = '\n';
    const auto size = ::lseek(file, 0, SEEK_END);
    if (size > 0 && ::pread(file, &last, 1, size - 1) != 1) last = '\n';
    return (last == '\n' ? "" : "\n") + std::string(line) + "\n";
}

// One write() on a file opened for appending: other programs never see, or tear, half a line. 0 or an errno.
int append_line(const std::filesystem::path& path, std::string_view line) {
    std::error_code ignored; // the open() below says why, if it matters
    if (path.has_parent_path() && !std::filesystem::exists(path.parent_path(), ignored)) {
        std::filesystem::create_directories(path.parent_path(), ignored);
        std::filesystem::permissions(path.parent_path(), std::filesystem::perms::owner_all, ignored);
    }
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) return errno;
    const auto text = appended(line, file);
    const auto put = ::write(file, text.data(), text.size());
    const int error = put < 0 ? errno : put == static_cast<ssize_t>(text.size()) ? 0 : ENOSPC;
    ::close(file);
    return error;
}

std::string known_hosts_line(const std::string& name, std::string_view key) {
    return name + " " + key_type(key) + " " + base64(key);
}

std::string described(const std::string& name, std::string_view key) {
    return name + " offers the " + key_type(key) + " host key " + key_fingerprint(key);
}

} // namespace

known_hosts::known_hosts(std::filesystem::path file, bool accept_new, log& l, bool remember, new_key on_new)
    : file_(std::move(file))
    , accept_new_(accept_new)
    , remember_(remember)
    , on_new_(std::move(on_new))
    , log_(l) {}

result<std::string> known_hosts::text() const {
    std::string all;
    const int error = read_all(file_, all);
    if (error != 0 && error != ENOENT && error != ENOTDIR)
        return failure{errc::ssh_host_key,
                       "the known host keys in " + file_.string() + " cannot be read: " + reason(error)};
    if (!unwritten_.empty()) all.append("\n").append(unwritten_);
    return all;
}

result<std::vector<std::string>> known_hosts::types(std::string_view address, std::uint16_t port) {
    const std::lock_guard lock(mutex_);
    const auto known = text();
    if (!known) return known.error();
    return known_key_types(*known, address, port);
}

std::optional<failure> known_hosts::check(std::string_view address, std::uint16_t port,
                                          std::string_view key) {
    const std::lock_guard lock(mutex_);
    const auto name = known_hosts_name(address, port);
    if (key_type(key).empty())
        return failure{errc::ssh_host_key, name + " offers no host key that we can read"};
    const auto known = text();
    if (!known) return known.error();
    switch (judge_host_key(*known, address, port, key)) {
    case host_key_verdict::trusted: return std::nullopt;
    case host_key_verdict::unknown: return accept(address, port, key);
    case host_key_verdict::revoked:
        return failure{errc::ssh_host_key, described(name, key) + ", which is revoked in " + file_.string()};
    case host_key_verdict::changed: break;
    }
    return failure{errc::ssh_host_key, described(name, key) +
                                           ", but another one is known; if that is right, run: " +
                                           "ssh-keygen -f " + file_.string() + " -R '" + name + "'"};
}

std::optional<failure> known_hosts::accept(std::string_view address, std::uint16_t port,
                                           std::string_view key) {
    const auto name = known_hosts_name(address, port);
    const auto line = known_hosts_line(name, key);
    if (!accept_new_)
        return failure{errc::ssh_host_key, described(name, key) +
                                               ", which is not known; if it is right, add to " +
                                               file_.string() + " the line: " + line};
    if (on_new_) on_new_(address, port, key);
    if (!remember_) {
        unwritten_ += line + "\n";
        return std::nullopt;
    }
    const int error = append_line(file_, line);
    if (error == 0) {
        log_.write(log_level::info,
                   "New server: " + described(name, key) + ", from now on the only one trusted");
        return std::nullopt;
    }
    unwritten_ += line + "\n";
    if (!warned_)
        log_.write(log_level::warning, "Host keys are not kept, because " + file_.string() +
                                           " cannot be written (" + reason(error) +
                                           "): after a restart a changed one goes unnoticed");
    warned_ = true;
    return std::nullopt;
}

} // namespace hosting::ssh
