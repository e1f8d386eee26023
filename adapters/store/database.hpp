// An open state.db. Everything here throws sqlite::error, after which the object is to be destroyed.
#pragma once

#include "adapters/store/batch.hpp"
#include "adapters/store/sqlite.hpp"

#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace hosting::store {

// The file is of a newer version of this program: left alone.
class newer_version : public std::runtime_error {
public:
    newer_version()
        : std::runtime_error("it was written by a newer version of this program") {}
};

// One thread at a time.
class database {
public:
    // `id` is written as the installation's unless the file has one. Proves, by writing, that it can write.
    // Throws newer_version, too.
    database(const std::filesystem::path& file, const std::string& id, wall_time now);

    [[nodiscard]] const std::string& installation_id() const noexcept { return id_; }
    [[nodiscard]] bool is_moved() { return file_.is_moved(); }
    [[nodiscard]] memories load(wall_time now);

    // All of it or nothing. Where there are orders, the disk has all of it when this returns.
    void write(const batch& what, const std::vector<order_record>& orders, wall_time now);

private:
    template<class Record>
    struct table {
        table(sqlite::connection&, const std::string& name, const std::string& erased);
        void keep(Record);
        sqlite::statement upsert;
        sqlite::statement erase;
    };

    void make_durable(bool);
    void forget_old_orders(wall_time now);

    sqlite::connection file_;
    table<site_record> sites_;
    table<order_record> orders_;
    table<server_facts> servers_;
    table<incident_record> incidents_;
    std::string id_;
    bool durable_ = true;
    wall_time swept_;
};

// What can be read of a file that cannot be written, as on a full disk or in a read-only folder. Throws as
// above.
struct recollection {
    memories known;
    std::string installation_id;
};
[[nodiscard]] recollection read_without_writing(const std::filesystem::path& file, wall_time now);

// The same beside a process that may be writing, and without a trace: no file is made or changed. Throws as
// above.
[[nodiscard]] memories read_beside(const std::filesystem::path& file, wall_time now);

} // namespace hosting::store
