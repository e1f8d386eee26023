#include "adapters/cloudpanel/script_output.hpp"

#include "adapters/cloudpanel/certificate_text.hpp"

#include <charconv>

namespace hosting::cloudpanel {
namespace {

// Takes the next line off `text`, without its line end.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// The words behind the nonce where the line is one of the script's own.
std::optional<std::string_view> own_words(std::string_view line, std::string_view nonce) {
    if (!line.starts_with(nonce) || line.size() <= nonce.size() || line[nonce.size()] != ' ')
        return std::nullopt;
    return line.substr(nonce.size() + 1);
}

int number(std::string_view text) {
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

// `root /home/x/htdocs/y;` as sed printed it: "root " and the rest of the line.
std::string root_of(std::string_view line) {
    line.remove_prefix(std::string_view("root ").size());
    line = line.substr(0, line.find_first_of("; \t"));
    if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front())
        line = line.substr(1, line.size() - 2);
    return std::string(line);
}

// `installation ID`; empty where that is no id.
std::string installation_of(std::string_view words) {
    constexpr std::size_t longest = 64;
    constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
    words.remove_prefix(std::string_view("installation ").size());
    const bool good = words.size() <= longest && words.find_first_not_of(letters) == words.npos;
    return good ? std::string(words) : std::string();
}

std::string owner_of(std::string_view root) {
    constexpr std::string_view home = "/home/";
    if (!root.starts_with(home)) return {};
    const std::string_view rest = root.substr(home.size());
    const auto slash = rest.find('/');
    const std::string_view user = rest.substr(0, slash);
    if (slash == std::string_view::npos || user == "." || user == "..") return {};
    return std::string(user);
}

// Reads the script's lines one after the other.
class reader {
public:
    void take(std::string_view line, std::optional<std::string_view> words) {
        if (ended_) return; // whatever comes then is nobody's
        if (words)
            own(*words);
        else if (in_command_)
            out.clpctl_out.append(line).push_back('\n');
        else if (in_view_)
            seen(line);
    }
    script_output finish() {
        using enum script_output::kind;
        const bool no_lock = out.what == lock_busy || out.what == lock_error;
        if (!out.began || (!ended_ && !no_lock)) out.what = incomplete;
        return std::move(out);
    }

private:
    void own(std::string_view words) {
        using enum script_output::kind;
        if (words == "begin") {
            out = script_output();
            out.what = looked;
            out.began = true;
        } else if (words == "found")
            out.what = found;
        else if (words == "user-used")
            out.what = user_used;
        else if (words == "orphan")
            out.orphan = out.what == user_used;
        else if (words.starts_with("installation "))
            out.installation = installation_of(words);
        else if (words == "guard")
            out.what = guard;
        else if (words == "lock-error")
            out.what = lock_error;
        else if (words.starts_with("lock "))
            out.what = number(words.substr(5)) == 75 ? lock_busy : lock_error;
        else if (words.starts_with("fenced "))
            out.what = fenced;
        else if (words.starts_with("fence-error ")) {
            out.what = fence_error;
            out.why = words.substr(words.find(' ') + 1);
        } else if (words == "run")
            in_command_ = true;
        else if (words.starts_with("exit ")) {
            in_command_ = false;
            out.what = ran;
            out.clpctl_status = number(words.substr(5));
        } else if (words == "view")
            in_view_ = true;
        else if (words == "vhost")
            out.vhost = true;
        else if (words == "end")
            ended_ = in_view_ || out.what == fenced || out.what == fence_error;
    }
    void seen(std::string_view line) {
        if (line.starts_with("root ")) {
            if (out.vhost_root.empty()) out.vhost_root = root_of(line);
        } else {
            out.certificate.append(line).push_back('\n');
        }
    }

    script_output out;
    bool in_command_ = false;
    bool in_view_ = false;
    bool ended_ = false;
};

} // namespace

script_output parse_script_output(std::string_view text, std::string_view nonce) {
    reader r;
    while (!text.empty()) {
        const auto line = take_line(text);
        r.take(line, own_words(line, nonce));
    }
    return r.finish();
}

std::string_view own_errors(std::string_view err, std::string_view nonce) {
    const std::string mark = std::string(nonce) + " begin\n";
    const auto at = err.find(mark);
    return at == err.npos ? err : err.substr(at + mark.size());
}

site_view view_of(const script_output& out, std::string_view domain) {
    return {out.vhost, out.vhost_root, owner_of(out.vhost_root), parse_certificate(out.certificate, domain)};
}

} // namespace hosting::cloudpanel
