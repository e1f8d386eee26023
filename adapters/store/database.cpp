#include "adapters/store/database.hpp"

#include "adapters/records/columns.hpp"
#include "adapters/store/row.hpp"
#include "adapters/store/schema.hpp"

#include <sqlite3.h>

namespace hosting::store {
namespace {

using records::columns;

constexpr auto oldest_order = std::chrono::hours(8 * 24); // the widest window of a budget is a week
constexpr auto sweep_interval = std::chrono::hours(1);

// A file whose tables are not as its version says is as good as damaged.
template<class F>
auto with_our_tables(F f) {
    try {
        return f();
    } catch (const sqlite::error& e) {
        if (e.code() != SQLITE_ERROR) throw;
        throw sqlite::error(SQLITE_CORRUPT, std::string("its tables are not this program's: ") + e.what());
    }
}

sqlite::statement compiled(sqlite::connection& file, const std::string& text) {
    return with_our_tables([&] { return sqlite::statement(file, text); });
}

void refuse_newer(sqlite::connection& file) {
    if (is_newer(file)) throw newer_version();
}

void refuse_damaged(sqlite::connection& file) {
    if (const auto verdict = file.text("PRAGMA quick_check(1)"); verdict != "ok")
        throw sqlite::error(SQLITE_CORRUPT, verdict);
}

sqlite::connection opened(const std::filesystem::path& path) {
    sqlite::connection file(path, sqlite::access::create);
    file.leave_untouched(true);
    refuse_newer(file);
    refuse_damaged(file);
    // The limit is for a log that grew while somebody read the file for long.
    file.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304");
    with_our_tables([&] { migrate(file); });
    file.leave_untouched(false);
    return file;
}

template<class Record>
naming_row named_columns() {
    naming_row row;
    Record any;
    columns(row, any);
    return row;
}

template<class Record>
void read_all(sqlite::connection& file, const std::string& rest, std::vector<Record>& into) {
    auto rows = compiled(file, "SELECT " + named_columns<Record>().names() + " FROM " + rest);
    while (rows.step()) {
        reading_row row(rows);
        columns(row, into.emplace_back());
    }
}

memories read_everything(sqlite::connection& file, wall_time now) {
    memories all;
    read_all(file, "sites", all.sites);
    read_all(file,
             "orders WHERE at_ms >= " + std::to_string(to_ms(now - oldest_order)) + " ORDER BY id, at_ms",
             all.orders);
    read_all(file, "servers", all.servers);
    read_all(file, "incidents", all.incidents);
    return all;
}

std::string id_in(sqlite::connection& file) {
    return with_our_tables(
        [&] { return file.text("SELECT value FROM meta WHERE name = 'installation_id'"); });
}

void put_meta(sqlite::connection& file, const char* insert, std::string_view name, std::string_view value) {
    auto put = compiled(file, std::string(insert) + " INTO meta (name, value) VALUES (?, ?)");
    put.bind(1, name);
    put.bind(2, value);
    put.run();
}

bool log_is_left(const std::filesystem::path& path) {
    std::error_code unknown;
    const auto bytes = std::filesystem::file_size(path.string() + "-wal", unknown);
    return !unknown && bytes > 0;
}

template<class Table, class Records>
void write_records(Table& table, const Records& records) {
    for (const auto& [key, record] : records) {
        if constexpr (requires { record.has_value(); }) {
            if (!record) {
                table.erase.bind(1, key);
                table.erase.run();
                continue;
            }
            table.keep(*record);
        } else {
            table.keep(record);
        }
    }
}

} // namespace

template<class Record>
database::table<Record>::table(sqlite::connection& file, const std::string& name, const std::string& erased)
    : upsert(compiled(file, "INSERT OR REPLACE INTO " + name + " (" + named_columns<Record>().names() +
                                ") VALUES (" + named_columns<Record>().marks() + ")"))
    , erase(compiled(file, "DELETE FROM " + name + " WHERE " + erased)) {}

template<class Record>
void database::table<Record>::keep(Record r) {
    binding_row row(upsert);
    columns(row, r);
    upsert.run();
}

database::database(const std::filesystem::path& path, const std::string& id, wall_time now)
    : file_(opened(path))
    , sites_(file_, "sites", "site_id = ?")
    , orders_(file_, "orders", "at_ms < ?")
    , servers_(file_, "servers", "place = ?")
    , incidents_(file_, "incidents", "place = ?") {
    sqlite::transaction all(file_);
    put_meta(file_, "INSERT OR IGNORE", "installation_id", id);
    put_meta(file_, "INSERT OR REPLACE", "opened_at_ms", std::to_string(to_ms(now)));
    forget_old_orders(now);
    all.commit();
    id_ = id_in(file_);
}

memories database::load(wall_time now) { return read_everything(file_, now); }

void database::write(const batch& what, const std::vector<order_record>& orders, wall_time now) {
    make_durable(!orders.empty());
    sqlite::transaction all(file_);
    for (const auto& o : orders)
        orders_.keep(o);
    write_records(orders_, what.orders);
    write_records(sites_, what.sites);
    write_records(servers_, what.servers);
    write_records(incidents_, what.incidents);
    if (now - swept_ >= sweep_interval) forget_old_orders(now);
    all.commit();
}

// In WAL mode FULL syncs the log at each commit, and with it all that was written before; NORMAL never does.
void database::make_durable(bool yes) {
    if (durable_ == yes) return;
    file_.execute(yes ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    durable_ = yes;
}

void database::forget_old_orders(wall_time now) {
    orders_.erase.bind(1, to_ms(now - oldest_order));
    orders_.erase.run();
    swept_ = now;
}

recollection read_without_writing(const std::filesystem::path& path, wall_time now) {
    sqlite::connection file(path, log_is_left(path) ? sqlite::access::exclusive : sqlite::access::immutable);
    file.leave_untouched(true);
    refuse_newer(file);
    refuse_damaged(file);
    recollection found;
    found.known = read_everything(file, now);
    found.installation_id = id_in(file);
    return found;
}

memories read_beside(const std::filesystem::path& path, wall_time now) {
    sqlite::connection file(path, log_is_left(path) ? sqlite::access::beside : sqlite::access::immutable);
    file.leave_untouched(true);
    refuse_newer(file);
    // All tables as of one instant, and no lock for longer than that takes.
    file.execute("BEGIN");
    auto known = read_everything(file, now);
    file.execute("COMMIT");
    return known;
}

} // namespace hosting::store
