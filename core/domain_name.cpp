#include "core/domain_name.hpp"

#include "core/message_text.hpp"

#include <algorithm>
#include <idn2.h>
#include <memory>
#include <optional>

namespace hosting {
namespace {

constexpr std::size_t max_length = 128; // CloudPanel's
constexpr std::size_t max_input = 1024; // bytes; longer ones are not worth converting
constexpr std::size_t shown = 60;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

// nullopt: libidn2 cannot make a name of it.
std::optional<std::string> to_ascii(const std::string& unicode) {
    char* converted = nullptr;
    if (idn2_to_ascii_8z(unicode.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return std::nullopt;
    const std::unique_ptr<char, decltype(&idn2_free)> owner(converted, idn2_free);
    return std::string(converted);
}

std::string_view fault_of_label(std::string_view label) {
    if (label.empty()) return "has an empty label";
    if (label.size() > 63) return "has a label of more than 63 characters";
    if (label.front() == '-' || label.back() == '-') return "has a label that begins or ends with a hyphen";
    const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
    if (!std::all_of(label.begin(), label.end(), allowed))
        return "has a character that is no letter, digit or hyphen";
    return {};
}

// Empty: the name is good.
std::string_view fault_of(std::string_view name) {
    if (name.empty()) return "is empty";
    if (name.size() > max_length) return "is longer than 128 characters";
    std::string_view rest = name;
    std::string_view last;
    std::size_t labels = 0;
    for (bool more = true; more; ++labels) {
        const auto dot = rest.find('.');
        last = rest.substr(0, dot);
        if (const auto fault = fault_of_label(last); !fault.empty()) return fault;
        more = dot != std::string_view::npos;
        rest = more ? rest.substr(dot + 1) : std::string_view{};
    }
    if (labels < 2) return "has no top-level domain";
    if (last.size() < 2 || last.size() > 14 || !std::all_of(last.begin(), last.end(), is_lower))
        return "has a top-level domain that CloudPanel does not accept (2 to 14 letters)";
    return {};
}

} // namespace

result<std::string> normalise_domain(std::string_view as_read) {
    const auto invalid = [&](std::string_view fault) {
        return failure{errc::domain_invalid,
                       "the domain '" + plain_text(as_read, shown) + "' " + std::string(fault)};
    };
    std::string name(trim(as_read));
    if (name.size() > max_input) return invalid("is longer than 128 characters");
    if (name.find('\0') != std::string::npos)
        return invalid("has a character that is no letter, digit or hyphen");
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) > 127; })) {
        const auto ascii = to_ascii(name);
        if (!ascii) return invalid("is no valid international name");
        name = *ascii;
    }
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (const auto fault = fault_of(name); !fault.empty()) return invalid(fault);
    return name;
}

std::string unicode_domain(const std::string& normalised) {
    char* converted = nullptr;
    if (idn2_to_unicode_8z8z(normalised.c_str(), &converted, 0) != IDN2_OK) return normalised;
    const std::unique_ptr<char, decltype(&idn2_free)> owner(converted, idn2_free);
    // Of what is no punycode libidn2 makes something all the same.
    const auto back = normalise_domain(converted);
    return back && *back == normalised ? std::string(converted) : normalised;
}

} // namespace hosting
