#include "adapters/cloudpanel/no_answer.hpp"

#include "core/message_text.hpp"

namespace hosting::cloudpanel {
namespace {

constexpr std::size_t quoted = 200; // characters of the server's own words in a message

} // namespace

failure no_answer(const server& where, const ssh::command_result& ran, bool began, std::string_view err) {
    const std::string text = std::string(err) + '\n' + ran.out.text();
    const std::string words = plain_text(text, quoted);
    if (ran.how == ssh::command_result::end::signalled)
        return {errc::panel_unexpected_answer, "the script on the server was ended by signal " + ran.signal};
    if (needs_sudo(where) && !began && text.find("sudo") != std::string::npos)
        return {errc::clpctl_privilege,
                "the user " + where.user + " may not use sudo on the server: " + words};
    if (text.find("No space left on device") != std::string::npos)
        return {errc::panel_disk_full, "the server's disk is full: " + words};
    return {errc::panel_unexpected_answer, "the script on the server ended with status " +
                                               std::to_string(ran.status) + " before its time: " + words};
}

} // namespace hosting::cloudpanel
