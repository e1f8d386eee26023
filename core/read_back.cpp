#include "core/read_back.hpp"

namespace hosting {
namespace {

// A column that the update sets, and that was something else before.
template<class Column, class Value>
bool shows(const Column& now, const Column& before, const Value& ours) {
    return now == ours && before != ours;
}

bool arrived(const site& now, const site& as_read, const outcome& what) {
    const bool active = what.what == outcome::kind::active;
    if (!active && shows(now.error_message, as_read.error_message, what.error_message)) return true;
    if (what.document_root && shows(now.document_root, as_read.document_root, *what.document_root))
        return true;
    return active && what.matomo_site_id &&
           shows(now.matomo_site_id, as_read.matomo_site_id, *what.matomo_site_id);
}

bool is_same_request(const site& now, const site& as_read) {
    const bool both_name_servers = now.has_server_column && as_read.has_server_column;
    return now.domain == as_read.domain && (!both_name_servers || now.server_id == as_read.server_id);
}

bool holds(const site& now, const site& as_read, const outcome& what) {
    switch (what.what) {
    case outcome::kind::active:
        return now.status_hosting == "active" && now.error_message.value_or("").empty() &&
               (!what.document_root || now.document_root == what.document_root) &&
               (!what.matomo_site_id || now.matomo_site_id == what.matomo_site_id);
    case outcome::kind::failed:
        return now.status_hosting == "failed" && now.error_message == what.error_message &&
               is_same_request(now, as_read);
    case outcome::kind::waiting: return now.error_message == what.error_message;
    }
    return false;
}

} // namespace

read_back compare(const site& now, const site& as_read, const outcome& what) {
    if (arrived(now, as_read, what) || holds(now, as_read, what)) return read_back::ours;
    const bool untouched = is_same_request(now, as_read) && now.status_hosting == as_read.status_hosting &&
                           now.error_message == as_read.error_message;
    return untouched ? read_back::as_read : read_back::changed;
}

} // namespace hosting
