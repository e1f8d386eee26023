#include "daemon/command_line.hpp"

#include "daemon/duration_text.hpp"

#include <CLI/CLI.hpp>
#include <vector>

namespace hosting {
namespace {

// The subcommands; options of the program may stand behind them, too.
void add_tasks(CLI::App& app, command_line& line, const std::vector<CLI::Option*>& others) {
    app.require_subcommand(0, 1);
    app.fallthrough();
    auto* check = app.add_subcommand(
        "check", "Try everything that the configuration names, change nothing, say what is wrong");
    check->callback([&line] { line.what = command_line::task::check; });
    auto* explain =
        app.add_subcommand("explain", "Say what happened to a site, and why it is not running now");
    explain->add_option("DOMAIN", line.explained, "The site's domain, or its row's id")->required();
    explain->callback([&line] { line.what = command_line::task::explain; });
    for (auto* task : {check, explain}) {
        task->add_flag("--json", line.json, "The same for machines");
        for (auto* other : others)
            task->excludes(other);
    }
}

} // namespace

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
    auto* check_config =
        app.add_flag("--check-config", line.check_config, "Check the configuration, print every error, exit")
            ->excludes(once);
    waiting->check([](const std::string& text) {
        return parse_duration(text) ? std::string() : "must be a duration such as 30s, 2m or 1h: " + text;
    });
    add_tasks(app, line, {once, check_config});
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
