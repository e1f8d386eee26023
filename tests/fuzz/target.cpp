#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>

// The names that libFuzzer calls.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hosting::fuzz::check({reinterpret_cast<const char*>(data), size});
    return 0;
}

namespace hosting::fuzz {
namespace {

// Takes one code point off; nullopt: overlong, a surrogate, beyond Unicode or cut off.
std::optional<char32_t> take_code_point(std::string_view& text) {
    const auto lead = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    if (lead < 0x80) return lead;
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (more == 0 || lead > 0xF7 || text.size() < static_cast<std::size_t>(more)) return std::nullopt;
    auto point = static_cast<char32_t>(lead & (0x3F >> more));
    for (int i = 0; i < more; ++i) {
        const auto byte = static_cast<unsigned char>(text.front());
        if ((byte & 0xC0) != 0x80) return std::nullopt;
        point = point << 6 | (byte & 0x3F);
        text.remove_prefix(1);
    }
    const char32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
    if (point < least || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    return point;
}

std::string_view without_front(std::string_view text, char blank) {
    while (text.starts_with(blank))
        text.remove_prefix(1);
    return text;
}

} // namespace

void must(bool holds, std::string_view property, std::string_view shown) {
    if (holds) return;
    std::fprintf(stderr, "BROKEN: %.*s: [%.*s]\n", static_cast<int>(property.size()), property.data(),
                 static_cast<int>(shown.size()), shown.data());
    std::abort();
}

bool is_plain(std::string_view text, std::size_t most) {
    std::size_t characters = 0;
    for (; !text.empty(); ++characters) {
        const auto point = take_code_point(text);
        if (!point || *point < 0x20 || (*point >= 0x7F && *point < 0xA0)) return false;
    }
    return characters <= most;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

std::string_view take_line(std::string_view& rest) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() == rest.size() ? line.size() : line.size() + 1);
    return line;
}

std::string_view take_word(std::string_view& rest) {
    rest = without_front(rest, ' ');
    const auto word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    return word;
}

int number_of(std::string_view text, int otherwise) {
    int value = otherwise;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : otherwise;
}

http::response response_of(std::string_view input) {
    http::response out;
    std::string_view status = take_line(input);
    take_word(status); // HTTP/1.1
    out.status = static_cast<unsigned>(number_of(take_word(status), 200));
    while (!input.empty()) {
        const auto line = take_line(input);
        if (line.empty()) break;
        const auto name = line.substr(0, line.find(':'));
        const auto value = without_front(line.substr(std::min(name.size() + 1, line.size())), ' ');
        if (name == "Content-Type") out.content_type = value.substr(0, value.find(';'));
        if (name == "Location") out.location = value;
        if (name == "Retry-After") out.retry_after = std::string(value);
    }
    out.body = input;
    return out;
}

} // namespace hosting::fuzz
