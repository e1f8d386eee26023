// How a clpctl command ended. The first line is the command, its exit status and the site's password; then
// comes stdout and, behind a line "--- stderr", stderr.
#include "adapters/cloudpanel/clpctl_answers.hpp"
#include "core/message_text.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

namespace hosting::fuzz {
namespace {

using namespace hosting::cloudpanel;
using kind = clpctl_meaning::kind;

constexpr std::string_view domain = "example.com";
constexpr std::size_t password_length = 24; // make_password()

clpctl_answer answer_of(std::string_view head, std::string_view text) {
    constexpr std::string_view separator = "--- stderr\n";
    clpctl_answer a;
    a.command = take_word(head) == "install" ? clpctl_command::install_certificate : clpctl_command::site_add;
    a.domain = domain;
    a.status = number_of(take_word(head), 0);
    a.out = text.substr(0, text.find(separator));
    if (a.out.size() < text.size()) a.err = text.substr(a.out.size() + separator.size());
    return a;
}

std::string_view password_of(std::string_view head) {
    take_word(head);
    take_word(head);
    const auto word = take_word(head);
    const bool ours = word.size() == password_length && std::ranges::all_of(word, [](char c) {
                          return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                      });
    return ours ? word : std::string_view{};
}

// Whether the sentence is a line of the text; blanks and a CR may follow it.
bool has_line(std::string_view text, std::string_view sentence) {
    while (!text.empty()) {
        const auto line = take_line(text);
        if (line.starts_with(sentence) && line.find_first_not_of(" \r", sentence.size()) == line.npos)
            return true;
    }
    return false;
}

// What stands behind these words was said by a stranger's web server.
void strangers_decide_nothing(const clpctl_answer& a, const clpctl_meaning& meaning,
                              std::string_view password) {
    const auto begin = a.out.find("error detail:");
    if (meaning.what != kind::failed || begin == a.out.npos) return;
    if (!password.empty() && contains(a.out, password)) return; // taking it out may take those words apart
    clpctl_answer short_one = a;
    short_one.out = a.out.substr(0, begin);
    short_one.err = {};
    const auto alone = meaning_of(short_one, password);
    must(alone.what != kind::failed ||
             (alone.why.code == meaning.why.code && alone.why.not_before == meaning.why.not_before),
         "what a stranger's web server said decides nothing", meaning.why.detail);
}

} // namespace

void check(std::string_view input) {
    const auto head = take_line(input);
    const auto password = password_of(head);
    const auto a = answer_of(head, input);
    const auto meaning = meaning_of(a, password);

    const std::string sentence = a.command == clpctl_command::site_add
                                     ? "Site example.com has been added."
                                     : "Certificate installation was successful.";
    must((meaning.what == kind::success) == (a.status == 0 && has_line(a.out, sentence)),
         "success is exit status 0 and the exact sentence, on stdout");
    if (meaning.what == kind::user_used)
        must(a.command == clpctl_command::site_add && contains(a.out, "siteUser: This value already exists."),
             "the user is taken only where clpctl says so");
    if (meaning.what != kind::failed) return;

    must(is_plain(meaning.why.detail, 420), "the sentence is plain and bounded", meaning.why.detail);
    must(is_plain(error_message(meaning.why), 500), "the message fits the row", meaning.why.detail);
    must(password.empty() || !contains(meaning.why.detail, password), "the password is not quoted",
         meaning.why.detail);
    if (meaning.why.not_before)
        must(meaning.why.code == errc::cert_rate_limit && contains(input, "retry after "),
             "a time is that of a rate limit", meaning.why.detail);
    strangers_decide_nothing(a, meaning, password);
}

} // namespace hosting::fuzz
