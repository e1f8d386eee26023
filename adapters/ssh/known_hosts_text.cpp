// The pure part of known_hosts.hpp. libssh2 reads the lines and compares names, one line at a time: a line
// that it cannot read then spoils no other, and its type of key can be told for hashed names too.
#include "adapters/ssh/host_key.hpp"
#include "adapters/ssh/known_hosts.hpp"
#include "adapters/ssh/library.hpp"

#include <algorithm>
#include <libssh2.h>
#include <memory>
#include <new>
#include <stdexcept>

namespace hosting::ssh {
namespace {

constexpr std::string_view blanks = " \t";

std::string_view trimmed(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || blanks.find(line.back()) != blanks.npos))
        line.remove_suffix(1);
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    return line;
}

std::string_view take_word(std::string_view& line) {
    const auto word = line.substr(0, line.find_first_of(blanks));
    line = trimmed(line.substr(word.size()));
    return word;
}

// "|1|salt|hash" as OpenSSH writes it. Where the base64 is of another length, libssh2 writes beyond its
// buffer.
bool is_hashed_name(std::string_view name) {
    constexpr std::size_t length = 28; // of 20 bytes
    constexpr std::string_view base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const auto is_sha1 = [&](std::string_view text) {
        return text.find_first_not_of(base64) == length - 1 && text.ends_with('=');
    };
    return name.size() == 2 * length + 4 && name.starts_with("|1|") && is_sha1(name.substr(3, length)) &&
           name[length + 3] == '|' && is_sha1(name.substr(length + 4));
}

struct entry {
    std::string line; // names, type and key
    std::string type;
    bool revoked = false;
};

std::vector<entry> entries(std::string_view text) {
    std::vector<entry> found;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        auto line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#' || line.find('\0') != line.npos) continue;
        entry e;
        if (line.front() == '@') {
            if (take_word(line) != "@revoked") continue;
            e.revoked = true;
        }
        e.line = line;
        const auto names = take_word(line);
        // libssh2 takes names of one or two characters for hashed ones; twice they are long enough.
        if (names.starts_with('|') && !is_hashed_name(names)) continue;
        if (names.size() <= 2) e.line.insert(0, std::string(names) + ",");
        e.type = take_word(line);
        if (!line.empty()) found.push_back(std::move(e));
    }
    return found;
}

struct free_session {
    void operator()(LIBSSH2_SESSION* s) const { libssh2_session_free(s); }
};
struct free_hosts {
    void operator()(LIBSSH2_KNOWNHOSTS* h) const { libssh2_knownhost_free(h); }
};

class line_reader {
public:
    line_reader() {
        if (const auto unfit = check_library_version()) throw std::runtime_error(*unfit);
        session_.reset(libssh2_session_init_ex(nullptr, nullptr, nullptr, nullptr));
        if (!session_) throw std::bad_alloc();
    }

    enum class answer { same_key, other_key, other_host };
    answer ask(const entry& e, const std::string& name, const std::string& key_base64) const {
        const bool hashed = e.line.starts_with("|");
        if (!hashed && e.line.find(name) == e.line.npos)
            return answer::other_host; // cheap, and nearly always so
        const std::unique_ptr<LIBSSH2_KNOWNHOSTS, free_hosts> hosts(libssh2_knownhost_init(session_.get()));
        if (!hosts) throw std::bad_alloc();
        if (libssh2_knownhost_readline(hosts.get(), e.line.data(), e.line.size(),
                                       LIBSSH2_KNOWNHOST_FILE_OPENSSH))
            return answer::other_host;
        constexpr int any_type = LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_BASE64;
        switch (libssh2_knownhost_check(hosts.get(), name.c_str(), key_base64.data(), key_base64.size(),
                                        any_type, nullptr)) {
        case LIBSSH2_KNOWNHOST_CHECK_MATCH: return answer::same_key;
        case LIBSSH2_KNOWNHOST_CHECK_MISMATCH: return answer::other_key;
        default: return answer::other_host;
        }
    }

private:
    std::unique_ptr<LIBSSH2_SESSION, free_session> session_;
};

// A key may also stand under the server's other name: without its port, or with the standard one. As in
// OpenSSH, such a line can vouch for a key, but never makes another one look changed.
std::string other_name(std::string_view address, std::uint16_t port) {
    return port == 22 ? "[" + known_hosts_name(address, 22) + "]:22" : known_hosts_name(address, 22);
}

} // namespace

host_key_verdict judge_host_key(std::string_view text, std::string_view address, std::uint16_t port,
                                std::string_view key) {
    const line_reader reader;
    const auto wanted = base64(key);
    const auto name = known_hosts_name(address, port);
    const auto alias = other_name(address, port);
    auto verdict = host_key_verdict::unknown;
    for (const auto& e : entries(text)) {
        const auto answer = reader.ask(e, name, wanted);
        const bool same = answer == line_reader::answer::same_key ||
                          reader.ask(e, alias, wanted) == line_reader::answer::same_key;
        if (same && e.revoked) return host_key_verdict::revoked;
        if (same)
            verdict = host_key_verdict::trusted;
        else if (answer == line_reader::answer::other_key && !e.revoked &&
                 verdict == host_key_verdict::unknown)
            verdict = host_key_verdict::changed;
    }
    return verdict;
}

std::vector<std::string> known_key_types(std::string_view text, std::string_view address,
                                         std::uint16_t port) {
    const line_reader reader;
    const std::string no_key = "-";
    const auto name = known_hosts_name(address, port);
    const auto alias = other_name(address, port);
    std::vector<std::string> types;
    std::vector<std::string> alias_types;
    for (auto& e : entries(text)) {
        if (e.revoked) continue;
        if (reader.ask(e, name, no_key) != line_reader::answer::other_host)
            types.push_back(e.type);
        else if (reader.ask(e, alias, no_key) != line_reader::answer::other_host)
            alias_types.push_back(e.type);
    }
    return types.empty() ? alias_types : types;
}

} // namespace hosting::ssh
