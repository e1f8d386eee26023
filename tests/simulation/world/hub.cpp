#include "tests/simulation/world/hub.hpp"

#include <algorithm>

namespace simulation {

using hosting::outcome;
using hosting::pending_site;
using hosting::site;

server_row* hub::server_of(const site& row) {
    const auto found =
        std::ranges::find_if(servers, [&](const server_row& s) { return s.is.id == row.server_id; });
    return found == servers.end() ? nullptr : &*found;
}

bool hub::is_pending(const site& row) {
    return row.status_dns == "active" && row.status_hosting == "pending";
}

void hub::index(const site& row) {
    const auto born = born_.at(row.id).number;
    if (is_pending(row)) {
        pending_[row.id] = {row.id, row.domain, row.server_id.value_or(""), std::to_string(born)};
        by_birth_[born] = row.id;
    } else {
        pending_.erase(row.id);
        by_birth_.erase(born);
    }
}

void hub::insert(site row) {
    born_[row.id] = {next_birth_++, scene_.true_wall()};
    const auto added = rows_.emplace(row.id, std::move(row)).first;
    index(added->second);
    if (edited) edited(nullptr, &added->second);
}

void hub::erase(const std::string& id) {
    const auto gone = rows_.extract(id);
    pending_.erase(id);
    by_birth_.erase(born_.at(id).number);
    born_.erase(id);
    if (edited) edited(&gone.mapped(), nullptr);
}

void hub::archive(const std::string& id) {
    rows_.erase(id);
    pending_.erase(id);
    by_birth_.erase(born_.at(id).number);
    born_.erase(id);
}

void hub::edit(const std::string& id, const std::function<void(site&)>& how) {
    site& row = rows_.at(id);
    const site before = row;
    how(row);
    index(row);
    scene_.say("Hub: " + id + " is " + row.status_hosting.value_or("") + ", " + row.domain + " on " +
               row.server_id.value_or(""));
    if (edited) edited(&before, &row);
}

const site* hub::find(const std::string& id) const {
    const auto found = rows_.find(id);
    return found == rows_.end() ? nullptr : &found->second;
}

std::vector<pending_site> hub::page(const std::string& after_id, std::size_t limit) const {
    std::vector<pending_site> out;
    for (auto at = pending_.upper_bound(after_id); at != pending_.end() && out.size() < limit; ++at)
        out.push_back(at->second);
    return out;
}

std::vector<pending_site> hub::newest(std::size_t limit) const {
    std::vector<pending_site> out;
    for (auto at = by_birth_.begin(); at != by_birth_.end() && out.size() < limit; ++at)
        out.push_back(pending_.at(at->second));
    return out;
}

std::vector<pending_site> hub::oldest_pending() const {
    std::vector<pending_site> out;
    for (auto at = by_birth_.rbegin(); at != by_birth_.rend(); ++at)
        out.push_back(pending_.at(at->second));
    return out;
}

bool hub::update(const site& as_read, const outcome& what) {
    const auto found = rows_.find(as_read.id);
    if (found == rows_.end()) return false;
    site& row = found->second;
    if (row.status_hosting != as_read.status_hosting || row.domain != as_read.domain ||
        row.server_id != as_read.server_id)
        return false;
    write(as_read, row, what);
    return true;
}

bool hub::update_whatever(const site& as_read, const outcome& what) {
    const auto found = rows_.find(as_read.id);
    if (found == rows_.end()) return false;
    write(as_read, found->second, what);
    return true;
}

void hub::write(const site& as_read, site& row, const outcome& what) {
    const site before = row;
    switch (what.what) {
    case outcome::kind::active:
        row.status_hosting = "active";
        row.error_message.reset();
        break;
    case outcome::kind::failed:
        row.status_hosting = "failed";
        row.error_message = what.error_message;
        break;
    case outcome::kind::waiting: row.error_message = what.error_message; break;
    }
    if (what.document_root) row.document_root = what.document_root;
    if (what.matomo_site_id) row.matomo_site_id = what.matomo_site_id;
    index(row);
    if (written) written(as_read, before, row, what);
}

std::vector<std::string> hub::ids() const {
    std::vector<std::string> all;
    for (const auto& [id, row] : rows_)
        all.push_back(id);
    std::ranges::sort(all);
    return all;
}

} // namespace simulation
