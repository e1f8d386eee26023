// A known_hosts file. The first line is the server that is asked for: its address, port, and the type and
// some bytes of the key that it offers.
#include "adapters/ssh/known_hosts.hpp"
#include "adapters/ssh/host_key.hpp"
#include "tests/fuzz/memory_file.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <array>

namespace hosting::fuzz {
namespace {

using namespace hosting::ssh;
using verdict = host_key_verdict;

class silent_log : public log {
public:
    [[nodiscard]] bool enabled(log_level) const noexcept override { return false; }
    void write(log_level, std::string_view, std::span<const log_field>) override {}
};

struct offer {
    std::string address;
    std::uint16_t port = 22;
    std::string key;
};

// The binary form: the name of the type and the content, each behind its length.
std::string made_key(std::string_view type, std::string_view content) {
    constexpr std::size_t least = 32;
    std::string bytes(content.substr(0, 200));
    bytes.resize(std::max(bytes.size(), least), 'k');
    const auto with_length = [](std::string_view s) {
        return std::string{'\0', '\0', '\0', static_cast<char>(s.size())}.append(s);
    };
    return with_length(type) + with_length(bytes);
}

// Addresses are what rows.hpp lets through, types what libssh2 knows; it reads names of 254 characters,
// "[]:65535" included.
offer offer_of(std::string_view line) {
    constexpr std::size_t longest_address = 246;
    constexpr std::string_view harmless =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:%";
    constexpr std::array<std::string_view, 5> types{"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256",
                                                    "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"};
    offer out;
    const auto address = take_word(line);
    const bool usable = !address.empty() && address.size() <= longest_address &&
                        address.find_first_not_of(harmless) == address.npos;
    out.address = usable ? address : "one.test";
    out.port = static_cast<std::uint16_t>(number_of(take_word(line), 22));
    if (out.port == 0) out.port = 22;
    const auto type = take_word(line);
    out.key = made_key(std::ranges::find(types, type) != types.end() ? type : types.front(), line);
    return out;
}

std::string line_of(const offer& o) {
    return known_hosts_name(o.address, o.port) + " " + key_type(o.key) + " " + base64(o.key);
}

verdict judged(std::string_view text, const offer& o) {
    return judge_host_key(text, o.address, o.port, o.key);
}

std::string without_revoked(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto line = take_line(text);
        const auto begin = std::min(line.find_first_not_of(" \t"), line.size());
        if (!line.substr(begin).starts_with("@revoked")) out.append(line).append("\n");
    }
    return out;
}

void check_verdict(std::string_view text, const offer& o) {
    const auto what = judged(text, o);
    if (what == verdict::trusted || what == verdict::revoked)
        must(contains(text, base64(o.key)), "a verdict on a key needs the key in the file");
    if (what == verdict::revoked) must(contains(text, "@revoked"), "a revoked key is marked so");
    if (what == verdict::changed)
        must(judged(without_revoked(text), o) == what, "a revoked key makes no other one look changed");
    must(judged(std::string(text) + "\n@revoked " + line_of(o), o) == verdict::revoked,
         "a key that is revoked is so, whatever else stands there", line_of(o));
    const auto with_line = std::string(text) + "\n" + line_of(o) + "\n";
    must(judged(with_line, o) == (what == verdict::revoked ? what : verdict::trusted),
         "a line of our own is read, whatever stands before it", line_of(o));
    const auto types = known_key_types(with_line, o.address, o.port);
    must(std::ranges::find(types, key_type(o.key)) != types.end(), "its type is known");
}

// What the file says of another server.
verdict of_the_other(std::string_view text) {
    return judged(text, {"other.test", 2200, made_key("ssh-rsa", "other")});
}

void check_file(std::string_view text, const offer& o) {
    static const memory_file file;
    file.write(text);
    silent_log silence;
    known_hosts hosts(file.path(), true, silence);
    const auto before = judged(text, o);
    const auto refused = hosts.check(o.address, o.port, o.key);
    must(refused.has_value() == (before == verdict::changed || before == verdict::revoked),
         "a new key and a known one are taken, no other");
    const auto after = file.read();
    if (before != verdict::unknown) {
        must(after == text, "a file that knows the server stays as it is");
        if (refused)
            must(refused->code == errc::ssh_host_key && is_plain(refused->detail, 4000),
                 "the sentence is plain", refused->detail);
        return;
    }
    const bool whole = text.empty() || text.ends_with('\n');
    must(after == std::string(text) + (whole ? "" : "\n") + line_of(o) + "\n", "one whole line is added",
         after);
    must(judged(after, o) == verdict::trusted && !hosts.check(o.address, o.port, o.key),
         "what was written is read again");
    must(known_key_types(after, o.address, o.port) == std::vector{key_type(o.key)},
         "the key that was written is the only one");
    must(file.read() == after, "a key is written once");
    must(contains(o.address, "other.test") || of_the_other(after) == of_the_other(text),
         "a line changes nothing for another server");
}

} // namespace

void check(std::string_view input) {
    const auto offered = offer_of(take_line(input));
    check_verdict(input, offered);
    check_file(input, offered);
}

} // namespace hosting::fuzz
