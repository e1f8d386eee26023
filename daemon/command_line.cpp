#include "daemon/command_line.hpp"

#include "daemon/duration_text.hpp"

#include <CLI/CLI.hpp>

namespace hosting {

std::optional<command_line> parse_command_line(int argc, const char* const* argv, int& code) {
    command_line line;
    std::string wait;
    CLI::App app{"Creates the websites that the Management Hub asks for: site, certificate, analytics.",
                 "hosting-automatord"};
    app.set_version_flag("--version", "hosting-automatord " HOSTING_VERSION);
    auto* config = app.add_option("--config", line.config, "The configuration file")->capture_default_str();
    auto* once =
        app.add_flag("--once", line.once, "Process what is pending until each has an outcome, then exit");
    app.add_option("--site", line.site, "With --once: only the row with this id, whatever its state")
        ->needs(once);
    auto* waiting =
        app.add_option("--wait", wait, "With --once: the longest wait for a next attempt (2m)")->needs(once);
    app.add_flag("--dry-run", line.dry_run, "With --once: look only, say what would be done, change nothing")
        ->needs(once);
    app.add_flag("--check-config", line.check_config, "Check the configuration, print every error, exit")
        ->excludes(once);
    waiting->check([](const std::string& text) {
        return parse_duration(text) ? std::string() : "must be a duration such as 30s, 2m or 1h: " + text;
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        code = app.exit(e) == 0 ? all_well : wrong_usage;
        return std::nullopt;
    }
    line.config_named = config->count() > 0;
    if (waiting->count() > 0) line.wait = *parse_duration(wait);
    return line;
}

} // namespace hosting
