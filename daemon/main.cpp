// hosting-automatord: creates the sites that the Management Hub asks for.

#include "adapters/ssh/library.hpp"
#include "daemon/check.hpp"
#include "daemon/command_line.hpp"
#include "daemon/configuration.hpp"
#include "daemon/explain.hpp"
#include "daemon/logging.hpp"
#include "daemon/service.hpp"
#include "daemon/state_folder.hpp"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace {

// Secrets must not reach a core dump. LeakSanitizer needs to trace the process, so its build can be traced.
void forbid_core_dumps() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__)
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

std::optional<std::string> from_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int run(const hosting::command_line& line) {
    const auto read = [&line] {
        return hosting::load_configuration(line.config, line.config_named, from_environment);
    };
    auto loaded = read();
    if (line.what == hosting::command_line::task::check) return hosting::run_check(line, loaded);
    for (const auto& mistake : loaded.mistakes)
        std::cerr << "hosting-automatord: " << mistake << '\n';
    if (!loaded.mistakes.empty()) return hosting::wrong_usage;
    if (line.what == hosting::command_line::task::explain) return hosting::run_explain(line, loaded.value);
    if (line.check_config) {
        std::cout << "the configuration is good\n";
        return hosting::all_well;
    }
    const auto journal = hosting::make_log(loaded.value.level(), loaded.value.log.target);
    if (const auto wrong = hosting::ssh::check_library_version()) {
        journal->write(hosting::log_level::error, *wrong);
        return hosting::not_all_well;
    }
    try {
        // A look that changes nothing needs no folder, and may go on beside the daemon.
        std::optional<hosting::state_folder> folder;
        if (!line.dry_run) {
            hosting::work_as_owner_of(loaded.value.daemon.state_dir);
            folder.emplace(loaded.value.daemon.state_dir);
            if (folder->what() == hosting::state_folder::kind::taken) {
                journal->write(hosting::log_level::error, folder->detail());
                return hosting::wrong_usage;
            }
        }
        return hosting::run_service(std::move(loaded.value), line, *journal, read);
    } catch (const std::exception& e) {
        journal->write(hosting::log_level::error, std::string("ended by an error of its own: ") + e.what());
        return hosting::not_all_well;
    }
}

} // namespace

int main(int argc, char** argv) {
    forbid_core_dumps();
    std::signal(SIGPIPE, SIG_IGN);
    int code = hosting::all_well;
    const auto line = hosting::parse_command_line(argc, argv, code);
    return line ? run(*line) : code;
}
