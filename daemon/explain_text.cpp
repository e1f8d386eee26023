#include "daemon/explain_text.hpp"

#include "daemon/text_columns.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hosting {
namespace {

namespace json = boost::json;

std::string text_of(const explanation& e) {
    std::string text = e.domain + " (" + e.site_id + "): " + e.verdict + ".\n";
    if (!e.who.empty()) text += "  -> " + e.who + "\n";
    std::size_t width = 0;
    for (const auto& fact : e.facts)
        width = std::max(width, text_width(fact.name));
    for (const auto& fact : e.facts)
        text += "  " + padded(fact.name, width + 2) + fact.text + "\n";
    return text;
}

json::object json_of(const explanation& e) {
    json::array facts;
    for (const auto& fact : e.facts) {
        json::object one;
        one["name"] = fact.name;
        one["text"] = fact.text;
        facts.push_back(std::move(one));
    }
    json::object site;
    site["site_id"] = e.site_id;
    site["domain"] = e.domain;
    site["verdict"] = e.verdict;
    site["who"] = e.who;
    site["facts"] = std::move(facts);
    return site;
}

} // namespace

std::string explained_text(const explained_sites& all) {
    std::string text;
    for (const auto& note : all.notes)
        text += note + ".\n";
    for (const auto& each : all.sites)
        text += (text.empty() ? "" : "\n") + text_of(each);
    return text;
}

std::string explained_json(const explained_sites& all) {
    json::array sites;
    for (const auto& each : all.sites)
        sites.push_back(json_of(each));
    json::array notes;
    for (const auto& note : all.notes)
        notes.emplace_back(note);
    json::object out;
    out["notes"] = std::move(notes);
    out["sites"] = std::move(sites);
    return json::serialize(out) + '\n';
}

} // namespace hosting
