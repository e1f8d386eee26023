#include "daemon/check_report.hpp"

#include "core/message_text.hpp"
#include "daemon/text_columns.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hosting {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_part = 60; // characters
constexpr std::size_t longest_text = 600;
constexpr std::string_view no_code = "E_INTERNAL"; // says nothing to people

std::string_view to_string(finding::state how) {
    switch (how) {
    case finding::state::ok: return "ok";
    case finding::state::note: return "note";
    case finding::state::paused: return "paused";
    case finding::state::wrong: return "wrong";
    }
    return "?";
}

std::string summary(const std::vector<finding>& findings) {
    const auto bad =
        std::ranges::count_if(findings, [](const finding& f) { return f.how == finding::state::wrong; });
    if (bad == 0) return "all is well\n";
    return std::to_string(bad) + (bad == 1 ? " part is wrong\n" : " parts are wrong\n");
}

} // namespace

finding trouble(std::string part, const failure& why, std::string_view who) {
    const auto code = code_name(why.code);
    std::string what = (code == no_code ? "" : std::string(code) + ": ") + why.detail;
    return {std::move(part), finding::state::wrong, std::move(what),
            std::string(who.empty() ? who_must_act(why.code) : who)};
}

bool all_is_well(const std::vector<finding>& findings) {
    return std::ranges::none_of(findings, [](const finding& f) { return f.how == finding::state::wrong; });
}

std::string report_text(const std::vector<finding>& findings) {
    constexpr std::size_t state_width = 8;
    std::size_t part_width = 4;
    for (const auto& f : findings)
        part_width = std::max(part_width, text_width(plain_text(f.part, longest_part)));
    const std::string indent(part_width + 2 + state_width, ' ');
    std::string text =
        padded("PART", part_width + 2) + padded("STATE", state_width) + "WHAT -> WHO MUST ACT\n";
    for (const auto& f : findings) {
        text += padded(plain_text(f.part, longest_part), part_width + 2);
        text += padded(std::string(to_string(f.how)), state_width) + plain_text(f.what, longest_text) + '\n';
        if (!f.who.empty()) text += indent + "-> " + plain_text(f.who, longest_text) + '\n';
    }
    return text + summary(findings);
}

std::string report_json(const std::vector<finding>& findings) {
    json::array checks;
    for (const auto& f : findings) {
        json::object one;
        one["part"] = plain_text(f.part, longest_part);
        one["state"] = to_string(f.how);
        one["what"] = plain_text(f.what, longest_text);
        one["who"] = plain_text(f.who, longest_text);
        checks.push_back(std::move(one));
    }
    json::object all;
    all["result"] = all_is_well(findings) ? "ok" : "wrong";
    all["checks"] = std::move(checks);
    return json::serialize(all) + '\n';
}

} // namespace hosting
