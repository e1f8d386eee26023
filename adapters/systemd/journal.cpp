// Where a line comes from in the source says nothing to operators, and costs.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "adapters/systemd/journal.hpp"

#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>
#include <vector>

namespace hosting::systemd {
namespace {

constexpr const char* journal_socket = "/run/systemd/journal/socket";

// syslog(3)'s numbers.
constexpr std::string_view priority(log_level level) {
    switch (level) {
    case log_level::debug: return "7";
    case log_level::info: return "6";
    case log_level::warning: return "4";
    case log_level::error: return "3";
    }
    return "6";
}

} // namespace

bool stderr_is_journal() {
    const char* named = std::getenv("JOURNAL_STREAM");
    struct stat is {};
    if (named == nullptr || fstat(STDERR_FILENO, &is) != 0) return false;
    return std::to_string(is.st_dev) + ":" + std::to_string(is.st_ino) == named;
}

bool journal_is_there() {
    struct stat is {};
    return stat(journal_socket, &is) == 0 && S_ISSOCK(is.st_mode) && access(journal_socket, W_OK) == 0;
}

bool send_to_journal(log_level level, std::string_view message, std::span<const log_field> fields) {
    std::vector<std::string> lines;
    lines.reserve(fields.size() + 3);
    const auto add = [&lines](std::string_view key, std::string_view value) {
        if (!value.empty()) lines.emplace_back(std::string(key).append("=").append(value));
    };
    add("MESSAGE", message);
    add("PRIORITY", priority(level));
    add("SYSLOG_IDENTIFIER", "hosting-automatord");
    for (const auto& field : fields)
        add(field.key, field.value);
    std::vector<iovec> parts;
    parts.reserve(lines.size());
    for (auto& line : lines)
        parts.push_back({line.data(), line.size()});
    return sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) == 0;
}

} // namespace hosting::systemd
