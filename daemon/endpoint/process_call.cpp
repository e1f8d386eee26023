#include "daemon/endpoint/process_call.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace hosting::endpoint {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_id_bytes = 128;

// One entry of FastAPI's list of mistakes.
json::object mistake(std::string_view type, json::array where, std::string_view what) {
    json::object out;
    out["type"] = json::string_view(type.data(), type.size());
    out["loc"] = std::move(where);
    out["msg"] = json::string_view(what.data(), what.size());
    return out;
}

answer unprocessable(json::array mistakes) {
    json::object body;
    body["detail"] = std::move(mistakes);
    return {422, json::serialize(body)};
}

answer unprocessable(json::object one) {
    json::array mistakes;
    mistakes.push_back(std::move(one));
    return unprocessable(std::move(mistakes));
}

std::string take_text(const json::object& body, const char* name, json::array& mistakes) {
    const auto* field = body.if_contains(name);
    if (field == nullptr)
        mistakes.push_back(mistake("missing", {"body", name}, "Field required"));
    else if (!field->is_string())
        mistakes.push_back(mistake("string_type", {"body", name}, "Input should be a valid string"));
    else
        return {field->get_string().data(), field->get_string().size()};
    return {};
}

bool is_plausible_id(std::string_view text) {
    const auto shown = [](char c) { return c > ' ' && c < 0x7f; };
    return text.size() <= longest_id_bytes && std::ranges::all_of(text, shown);
}

// Null and empty are none, as they were for the Python service.
std::string take_id(const json::object& body, json::array& mistakes) {
    const auto* field = body.if_contains("site_id");
    if (field == nullptr || field->is_null()) return {};
    if (field->is_int64()) return std::to_string(field->get_int64());
    if (field->is_uint64()) return std::to_string(field->get_uint64());
    if (field->is_string()) {
        std::string text(field->get_string().data(), field->get_string().size());
        if (is_plausible_id(text)) return text;
    }
    mistakes.push_back(mistake("value_error", {"body", "site_id"}, "Input should be the id of a site"));
    return {};
}

bool same(const http::url& a, const http::url& b) {
    return a.tls == b.tls && a.host == b.host && a.port == b.port && a.path == b.path;
}

} // namespace

std::variant<process_call, answer> read_process_call(std::string_view body) {
    boost::system::error_code ec;
    const json::value parsed = json::parse(json::string_view(body.data(), body.size()), ec);
    if (ec) return unprocessable(mistake("json_invalid", {"body"}, "JSON decode error"));
    if (!parsed.is_object())
        return unprocessable(mistake("dict_type", {"body"}, "Input should be a valid dictionary"));
    json::array mistakes;
    process_call call{take_text(parsed.get_object(), "supabase_url", mistakes),
                      secret(take_text(parsed.get_object(), "supabase_service_key", mistakes)),
                      take_id(parsed.get_object(), mistakes)};
    if (!mistakes.empty()) return unprocessable(std::move(mistakes));
    return call;
}

gate::gate(http::url supabase, const secret& key)
    : supabase_(std::move(supabase))
    , key_(digest_of(key.reveal())) {}

std::optional<answer> gate::refuse(const process_call& call) const {
    const digest theirs = digest_of(call.key.reveal());
    if (CRYPTO_memcmp(theirs.data(), key_.data(), key_.size()) != 0)
        return refusal(401, "supabase_service_key is not the key of this service");
    const auto named = http::parse_url(call.supabase_url);
    if (!named || !same(*named, supabase_))
        return refusal(409, "this service works for another supabase_url");
    return std::nullopt;
}

gate::digest gate::digest_of(std::string_view text) {
    digest out{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
    return out;
}

} // namespace hosting::endpoint
