// What waits to be written: the latest of each key, so that it never grows beyond what there is to know.
#pragma once

#include "adapters/shared_queue/json_rows.hpp"
#include "core/records.hpp"

#include <boost/json/array.hpp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace hosting::shared_queue {

// Not thread-safe.
class outbox {
public:
    // Of a row that is held under this token.
    void keep(const site_record& what, std::uint64_t token, clock_difference clocks);
    void give_back(const std::string& site_id, std::uint64_t token);
    void forget(const std::string& site_id, std::uint64_t token);

    void end(const order_record& what, clock_difference clocks);
    void keep(const server_facts& what, clock_difference clocks);
    // `seen`: when it was; of several daemons' words the database keeps the latest.
    void keep(const incident_record& what, wall_time seen, clock_difference clocks);
    void incident_is_over(const std::string& place, wall_time seen, clock_difference clocks);

    [[nodiscard]] bool empty() const noexcept { return writes_.empty(); }
    [[nodiscard]] bool has_site(const std::string& site_id) const { return writes_.contains(site(site_id)); }

    // Takes some of it out, to be written by one call.
    using writes = std::map<std::string, json::object>;
    [[nodiscard]] writes take();
    // What could not be written comes back under what was put in since.
    void put_under(writes older) { writes_.merge(older); }

private:
    [[nodiscard]] static std::string site(const std::string& id) { return "site " + id; }

    writes writes_; // by kind and key
};

[[nodiscard]] json::array as_array(const outbox::writes&);

} // namespace hosting::shared_queue
