#include "tests/simulation/ports/journal_port.hpp"

#include <algorithm>
#include <array>

namespace simulation {
namespace {

// What no step that needs the panel can get around.
struct panel_trouble {
    fault what;
    std::string_view words;
};
constexpr std::array panel_troubles{
    panel_trouble{fault::database_locked, "database is locked"},
    panel_trouble{fault::disk_full, "disk is full"}, panel_trouble{fault::panel_broken, "cannot start"},
    panel_trouble{fault::clpctl_missing, "no clpctl"}, panel_trouble{fault::no_privilege, "may not be used"}};
constexpr unsigned most_lines = 8; // of one of these: other answers may come in between

std::string value_of(std::span<const hosting::log_field> fields, std::string_view key) {
    for (const auto& f : fields)
        if (f.key == key) return f.value;
    return {};
}

} // namespace

void journal_port::write(hosting::log_level level, std::string_view message,
                         std::span<const hosting::log_field> fields) {
    if (level == hosting::log_level::debug) {
        if (world_.settings.shown)
            std::printf("    (%.*s)\n", static_cast<int>(message.size()), message.data());
        return;
    }
    std::string line = world_.is_shared() ? "log of daemon " + std::to_string(daemon_ + 1) + ": " : "log: ";
    for (const auto& f : fields)
        if (f.key == "SITE_ID" || f.key == "SERVER" || f.key == "STAGE" || f.key == "ATTEMPT")
            line += f.value + " ";
    line += message;
    world_.now.say(line);
    judge(message, fields);
}

void journal_port::judge(std::string_view message, std::span<const hosting::log_field> fields) {
    const auto code = value_of(fields, "ERROR_CODE");
    if (message.starts_with("working on a site ended in an exception"))
        world_.now.breaks("no exception", std::string(message));
    if (code == "E_CERT_RATE_LIMIT" && value_of(fields, "STAGE") == "certificate")
        world_.stories.held_back(value_of(fields, "SITE_ID"));
    judge_servers_line(message, value_of(fields, "SERVER"));
}

// A server that cannot be used is told of once, with one line for each other cause; and when it is back.
void journal_port::judge_servers_line(std::string_view message, const std::string& server) {
    const bool down = message.starts_with("the server cannot be used now");
    const bool back = message.starts_with("the server can be used again");
    const auto row =
        std::ranges::find_if(world_.rows.servers, [&](const server_row& s) { return label(s.is) == server; });
    if ((!down && !back) || row == world_.rows.servers.end()) return;
    const std::string& address = row->is.address;
    // Shortly after its address was edited, the line may still be about the old one: it counts for neither.
    const auto move = world_.readdressed.find(address);
    if (move != world_.readdressed.end() && move->second.at + 1h > world_.now.time.now()) {
        for (const auto& place : {address, move->second.from})
            ++world_.said[place].turn;
        return;
    }
    auto& last = world_.said[address];
    const std::string cause(back ? "" : message.substr(0, message.find(';')));
    if (last.cause != cause) last = {cause, last.turn + 1};
    if (back) return;
    const auto before = said_.find(address);
    if (before != said_.end() && before->second == last.turn)
        world_.now.breaks("one incident, one line", server + " is said to be unusable twice: " + cause);
    said_[address] = last.turn;
    for (const auto& [what, words] : panel_troubles) {
        if (cause.find(words) == cause.npos) continue;
        const auto number = world_.matter.number_of(what, address);
        if (number > 0 && ++lines_[number] > most_lines)
            world_.now.breaks("one incident, one line", server + " comes and goes: " + cause);
    }
}

} // namespace simulation
