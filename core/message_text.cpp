#include "core/message_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace hosting {
namespace {

constexpr std::size_t message_limit = 500; // characters of an error_message

// The length in bytes of the well-formed UTF-8 sequence at the start of `text` (Unicode, table 3-7); 0: none.
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(0);
    };
    const auto within = [&](std::size_t i, unsigned char low, unsigned char high) {
        return byte(i) >= low && byte(i) <= high;
    };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead <= 0xDF) return within(1, 0x80, 0xBF) ? 2 : 0;
    if (lead >= 0xE0 && lead <= 0xEF) {
        const unsigned char low = lead == 0xE0 ? 0xA0 : 0x80;
        const unsigned char high = lead == 0xED ? 0x9F : 0xBF;
        return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        const unsigned char low = lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xF4 ? 0x8F : 0xBF;
        return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
    }
    return 0;
}

bool is_control(std::string_view sequence) {
    const auto lead = static_cast<unsigned char>(sequence.front());
    if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
    return sequence.size() == 2 && lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0; // C1
}

std::size_t character_count(std::string_view utf8) {
    std::size_t n = 0;
    for (const char c : utf8)
        n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return n;
}

std::string framed(std::string_view before, const failure& why, std::string_view after) {
    std::string text(before);
    text.append(code_name(why.code)).append(": ");
    const std::size_t frame = character_count(text) + character_count(after) + 2;
    text.append(plain_text(why.detail, message_limit - frame)).append("; ").append(after);
    return text;
}

} // namespace

std::string plain_text(std::string_view text, std::size_t max_characters) {
    constexpr std::string_view ellipsis = "...";
    std::string out;
    std::size_t characters = 0;
    std::size_t cut = 0; // where the text ends if the ellipsis must follow
    bool blank = true;   // leading blanks go
    while (!text.empty()) {
        const std::size_t length = sequence_length(text);
        const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
        text.remove_prefix(sequence.size());
        const bool space = length != 0 && (sequence == " " || is_control(sequence));
        if (space && blank) continue;
        blank = space;
        if (characters == max_characters) {
            out.resize(cut);
            while (!out.empty() && out.back() == ' ')
                out.pop_back();
            return out.append(ellipsis.substr(0, max_characters));
        }
        out.append(space ? " " : length == 0 ? "?" : sequence);
        ++characters;
        if (characters + ellipsis.size() <= max_characters) cut = out.size();
    }
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

std::string utf8_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = text.front() == '\0' ? 0 : sequence_length(text);
        out.append(length == 0 ? "?" : text.substr(0, length));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string error_message(const failure& why) { return framed({}, why, who_must_act(why.code)); }

std::string waiting_message(const failure& why, std::chrono::system_clock::time_point next) {
    return framed("WAITING ", why, "next attempt at " + utc_text(next));
}

std::string utc_text(std::chrono::system_clock::time_point when) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), n};
}

std::string duration_text(std::chrono::milliseconds length) {
    using namespace std::chrono;
    if (length < seconds(1)) return std::to_string(length.count()) + " ms";
    if (length < minutes(2)) return std::to_string(duration_cast<seconds>(length).count()) + " s";
    if (length < hours(2)) return std::to_string(duration_cast<minutes>(length).count()) + " min";
    if (length < hours(48)) return std::to_string(duration_cast<hours>(length).count()) + " h";
    return std::to_string(duration_cast<hours>(length).count() / 24) + " d";
}

} // namespace hosting
