#include "daemon/check_files.hpp"

#include "adapters/store/reading.hpp"
#include "daemon/state_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <unistd.h>

namespace hosting {
namespace {

namespace fs = std::filesystem;
using enum finding::state;

constexpr const char* folder_part = "state folder";
constexpr const char* keys_part = "known_hosts";
constexpr const char* operator_acts = "the operator of the hosting automator must act";

bool is_there(const fs::path& path) {
    std::error_code unknown;
    return fs::exists(path, unknown);
}

// Why we could not work in this folder; empty: we could.
std::string fault_of(const fs::path& folder) {
    std::error_code unknown;
    if (!fs::is_directory(folder, unknown)) return "it is no folder";
    return ::access(folder.c_str(), R_OK | W_OK | X_OK) == 0 ? "" : std::strerror(errno);
}

// The nearest folder above it that is there.
fs::path existing_above(const fs::path& path) {
    auto above = fs::absolute(path).parent_path();
    while (!is_there(above) && above != above.root_path())
        above = above.parent_path();
    return above;
}

std::size_t lines_with_keys(std::istream& file) {
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);)
        count += !line.empty() && line.front() != '#';
    return count;
}

} // namespace

finding check_state_folder(const configuration& config) {
    const auto& folder = config.daemon.state_dir;
    const std::string name = folder.string();
    if (!is_there(folder)) {
        const auto above = existing_above(folder);
        const auto fault = fault_of(above);
        if (fault.empty()) return {folder_part, note, name + " is not there; the first start makes it", ""};
        return {folder_part, wrong,
                name + " is not there and cannot be made in " + above.string() + ": " + fault, operator_acts};
    }
    if (const auto fault = fault_of(folder); !fault.empty())
        return {folder_part, wrong, name + " cannot be used: " + fault, operator_acts};
    const auto memory = read_store(folder);
    if (!memory) return trouble(folder_part, memory.error());
    const auto holder = holder_of(folder);
    return {folder_part, ok,
            name + (holder ? ", held by " + *holder + " (the daemon is running)" : ", held by nobody"), ""};
}

finding check_known_hosts(const configuration& config) {
    const auto& file = config.ssh.known_hosts;
    const std::string name = file.string();
    const bool strict = config.ssh.host_keys == "strict";
    if (!is_there(file)) {
        if (strict)
            return {keys_part, wrong, name + " is not there, so strict refuses every server",
                    "put the servers' host keys into it, or set ssh.host_keys to accept-new"};
        return {keys_part, note, name + " is not there yet: no server's host key is known", ""};
    }
    std::ifstream keys(file);
    if (!keys || ::access(file.c_str(), R_OK) != 0)
        return {keys_part, wrong, name + " cannot be read: " + std::strerror(errno), operator_acts};
    const auto count = lines_with_keys(keys);
    const std::string found = name + " holds " + std::to_string(count) + (count == 1 ? " key" : " keys");
    if (!strict && ::access(file.c_str(), W_OK) != 0)
        return {keys_part, note, found + " and cannot be written: new host keys are not kept", operator_acts};
    return {keys_part, ok, found, ""};
}

} // namespace hosting
