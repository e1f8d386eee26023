#include "adapters/supabase/requests.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace hosting::supabase {
namespace {

namespace json = boost::json;

// Gateways refuse URLs over 16 KB. No host name is longer than 253 bytes; beyond this the domain is no
// condition.
constexpr std::size_t longest_filter = 1'000;

std::string trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

std::string base_path(const http::url& project) {
    std::string path = project.path == "/" ? "" : project.path;
    return path.ends_with("/rest/v1") ? path + '/' : path + "/rest/v1/";
}

http::request ask(const settings& with, std::string_view table_and_query) {
    http::request out;
    out.where = with.url;
    out.target = base_path(with.url) + std::string(table_and_query);
    std::string key = trimmed(with.service_key.reveal());
    out.headers.emplace_back("Accept", "application/json");
    // Only the older keys are JWTs; a newer one (sb_secret_...) is refused as a bearer token.
    if (key.starts_with("eyJ")) out.headers.emplace_back("Authorization", "Bearer " + key);
    out.headers.emplace_back("apikey", std::move(key));
    return out;
}

std::string equals(const std::optional<std::string>& value) {
    return value ? "eq." + http::percent_encode(*value) : "is.null";
}

std::string paging(const page& which) {
    std::string out = "&order=id.asc&limit=" + std::to_string(which.limit);
    if (!which.after_id.empty()) out += "&id=gt." + http::percent_encode(which.after_id);
    return out;
}

// As little of each row as can be: a full scan may meet a hundred thousand.
std::string pending_rows_of(columns known) {
    std::string query = "sites?select=id,domain";
    if (known.has(optional_column::sites_server_id)) query += ",server_id";
    if (known.has(optional_column::sites_created_at)) query += ",created_at";
    return query + "&status_dns=eq.active&status_hosting=eq.pending";
}

// An empty domain may have been read from null. PostgREST 12 wants a column of such a filter among those it
// returns.
std::string domain_filter(const std::string& domain) {
    if (domain.empty()) return "&or=(domain.is.null,domain.eq.%22%22)";
    if (domain.size() > longest_filter) return {};
    return "&domain=eq." + http::percent_encode(domain);
}

// A POSIX regular expression that matches the text alone.
std::string literally(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && static_cast<unsigned char>(c) < 128) out.push_back('\\');
        out.push_back(c);
    }
    return out;
}

std::string columns_of_site(columns known) {
    std::string list = "id,domain,status_dns,status_hosting,hosting_doc_root,matomo_site_id,error_message";
    if (known.has(optional_column::sites_server_id)) list += ",server_id";
    return list;
}

json::object update_body(const outcome& what) {
    json::object out;
    if (what.what != outcome::kind::waiting) {
        out["status_hosting"] = what.what == outcome::kind::active ? "active" : "failed";
        if (what.document_root) out["hosting_doc_root"] = *what.document_root;
    }
    if (what.what == outcome::kind::active) {
        if (what.matomo_site_id) out["matomo_site_id"] = *what.matomo_site_id;
        out["error_message"] = nullptr;
    } else {
        out["error_message"] = what.error_message;
    }
    return out;
}

} // namespace

http::request pending_request(const settings& with, columns known, const page& which) {
    return ask(with, pending_rows_of(known) + paging(which));
}

http::request newest_request(const settings& with, columns known, std::size_t limit) {
    const bool dated = known.has(optional_column::sites_created_at);
    return ask(with, pending_rows_of(known) +
                         (dated ? "&order=created_at.desc.nullslast,id.desc" : "&order=id.desc") +
                         "&limit=" + std::to_string(limit));
}

http::request site_request(const settings& with, columns known, std::string_view id) {
    return ask(with, "sites?select=" + columns_of_site(known) + "&id=eq." + http::percent_encode(id));
}

http::request domain_request(const settings& with, columns known, const std::vector<std::string>& spellings,
                             std::size_t limit) {
    std::string any;
    for (const auto& each : spellings)
        any.append(any.empty() ? "" : "|").append(literally(each));
    const std::string pattern = "^[[:space:]]*(" + any + ")[[:space:]]*$";
    return ask(with, "sites?select=" + columns_of_site(known) + "&domain=imatch." +
                         http::percent_encode(pattern) + "&order=id.asc&limit=" + std::to_string(limit));
}

http::request servers_request(const settings& with, columns known, const page& which) {
    std::string query = "servers?select=id,ip_address";
    if (known.has(optional_column::servers_name)) query += ",name";
    if (known.has(optional_column::servers_ssh_port)) query += ",ssh_port";
    if (known.has(optional_column::servers_ssh_user)) query += ",ssh_user";
    if (known.has(optional_column::servers_is_active)) query += ",is_active";
    return ask(with, query + paging(which));
}

http::request private_key_request(const settings& with, std::string_view server_id) {
    return ask(with, "servers?select=ssh_private_key&id=eq." + http::percent_encode(server_id));
}

http::request credentials_request(const settings& with, std::string_view service) {
    return ask(with, "infrastructure_credentials?select=*&service=eq." + http::percent_encode(service));
}

http::request columns_request(const settings& with, std::string_view table,
                              const std::vector<std::string>& columns) {
    std::string query = std::string(table) + "?select=";
    for (const auto& column : columns)
        query.append(column).push_back(',');
    query.pop_back();
    return ask(with, query + "&limit=0");
}

http::request function_request(const settings& with, std::string_view function, std::string arguments) {
    http::request out = ask(with, "rpc/" + std::string(function));
    out.method = "POST";
    out.headers.emplace_back("Content-Type", "application/json");
    out.body = std::move(arguments);
    return out;
}

http::request reading_request(const settings& with, std::string_view function,
                              const std::vector<std::pair<std::string, std::string>>& arguments) {
    std::string query = "rpc/" + std::string(function);
    char before = '?';
    for (const auto& [name, value] : arguments)
        query.append(1, std::exchange(before, '&'))
            .append(name)
            .append(1, '=')
            .append(http::percent_encode(value));
    return ask(with, query);
}

std::string changed_columns(const outcome& what) { return json::serialize(update_body(what)); }

http::request update_request(const settings& with, columns known, const site& as_read, const outcome& what) {
    std::string query = "sites?id=eq." + http::percent_encode(as_read.id) +
                        "&status_hosting=" + equals(as_read.status_hosting) + domain_filter(as_read.domain);
    if (as_read.has_server_column && known.has(optional_column::sites_server_id))
        query += "&server_id=" + equals(as_read.server_id);
    http::request out = ask(with, query + (as_read.domain.empty() ? "&select=id,domain" : "&select=id"));
    out.method = "PATCH";
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Prefer", "return=representation");
    out.body = changed_columns(what);
    return out;
}

} // namespace hosting::supabase
