// The command line.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace hosting {

struct command_line {
    enum class task { work, check, explain };
    task what = task::work;
    std::filesystem::path config = "/etc/hosting-automator/hosting-automator.toml";
    bool config_named = false; // on the command line
    bool once = false;
    std::string site; // with once; empty: all
    std::chrono::milliseconds wait{120'000};
    bool dry_run = false;
    bool check_config = false;
    bool json = false;     // with check and explain
    std::string explained; // with explain: a domain or a site's id
};

// What the program ends with; the contract's numbers.
enum exit_code : int { all_well = 0, not_all_well = 1, wrong_usage = 2, no_supabase = 3 };

// Parses; nullopt: what was to be said (help, version, a mistake) has been said, and `code` is the exit code.
[[nodiscard]] std::optional<command_line> parse_command_line(int argc, const char* const* argv, int& code);

} // namespace hosting
