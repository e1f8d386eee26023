// What waits to be written: the latest of each key, so that it never grows beyond what there is to know.
#pragma once

#include "core/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace hosting::store {

struct batch {
    std::map<std::string, std::optional<site_record>> sites; // by id; nullopt: forgotten
    std::map<std::string, server_facts> servers;             // by place
    std::map<std::string, std::optional<incident_record>> incidents;
    std::map<std::uint64_t, order_record> orders; // that ended

    [[nodiscard]] std::size_t size() const noexcept {
        return sites.size() + servers.size() + incidents.size() + orders.size();
    }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }

    // What could not be written comes back under what was handed in since.
    void put_under(batch&& older) {
        sites.merge(older.sites);
        servers.merge(older.servers);
        incidents.merge(older.incidents);
        orders.merge(older.orders);
    }
};

} // namespace hosting::store
