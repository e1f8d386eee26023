#include "adapters/cloudpanel/probe.hpp"

#include "adapters/cloudpanel/clpctl_answers.hpp"
#include "adapters/cloudpanel/no_answer.hpp"
#include "adapters/cloudpanel/random_text.hpp"
#include "adapters/cloudpanel/remote_script.hpp"
#include "core/message_text.hpp"

#include <charconv>

namespace hosting::cloudpanel {
namespace {

constexpr std::size_t nonce_length = 16;
constexpr std::size_t longest_version = 60; // characters
constexpr std::size_t most_lacks = 8;
constexpr std::chrono::seconds command_limit{20};
constexpr std::chrono::seconds script_limit{60}; // both commands, and the network's share

// What a line of the script's own says.
void take_own(probe_output& out, std::string_view words) {
    constexpr std::string_view version = "version ";
    constexpr std::string_view lacks = "lacks ";
    constexpr std::string_view exit = "exit ";
    if (words == "begin") {
        out = probe_output();
        out.began = true;
    } else if (words.starts_with(version)) {
        out.facts.version = plain_text(words.substr(version.size()), longest_version);
    } else if (words.starts_with(lacks)) {
        if (out.facts.lacks.size() < most_lacks)
            out.facts.lacks.push_back(plain_text(words.substr(lacks.size()), longest_version));
    } else if (words.starts_with(exit)) {
        words.remove_prefix(exit.size());
        std::from_chars(words.data(), words.data() + words.size(), out.clpctl_status);
    } else if (words == "end") {
        out.ended = out.began && out.clpctl_status >= 0;
    }
}

result<panel_facts> verdict(const server& where, const ssh::command_result& ran, probe_output out) {
    if (!out.ended) return no_answer(where, ran, out.began, ran.err.text());
    // Without these, what clpctl seems to say may be the shell's word.
    if (out.clpctl_status == 0 || !out.facts.lacks.empty()) return std::move(out.facts);
    const auto err = ran.err.text();
    const clpctl_answer answer{clpctl_command::list_templates, {}, out.clpctl_status, out.clpctl_out, err};
    return meaning_of(answer, {}).why;
}

} // namespace

probe_output parse_probe_output(std::string_view text, std::string_view nonce) {
    probe_output out;
    const std::string mark = std::string(nonce) + ' ';
    while (!text.empty()) {
        const auto end = text.find('\n');
        auto line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with(mark))
            take_own(out, line.substr(mark.size()));
        else if (out.began && out.clpctl_status < 0)
            out.clpctl_out.append(line).push_back('\n');
    }
    return out;
}

boost::asio::awaitable<result<panel_facts>> probe(ssh::pool& pool, server where, secret key,
                                                  std::chrono::milliseconds connecting) {
    const std::string nonce = random_text(nonce_length);
    ssh::command script;
    script.text = std::make_shared<const std::string>(
        probe_command(shell_word(nonce), command_limit, needs_sudo(where)));
    script.deadline = connecting + script_limit;
    ssh::key_source give = [key](const ssh::endpoint&) -> boost::asio::awaitable<result<secret>> {
        co_return key;
    };
    ssh::endpoint place{where.address, where.port, where.user};
    const auto ran = co_await pool.run(std::move(place), std::move(give), std::move(script));
    if (!ran) co_return ran.error();
    co_return verdict(where, *ran, parse_probe_output(ran->out.text(), nonce));
}

} // namespace hosting::cloudpanel
