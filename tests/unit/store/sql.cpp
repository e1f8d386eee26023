#include "tests/unit/store/sql.hpp"

#include <sqlite3.h>
#include <stdexcept>

namespace hosting::test {
namespace {

int add_row(void* to, int columns, char** values, char**) {
    auto& out = *static_cast<std::string*>(to);
    if (!out.empty()) out += '\n';
    for (int i = 0; i < columns; ++i)
        out.append(i == 0 ? "" : "|").append(values[i] ? values[i] : "NULL");
    return 0;
}

} // namespace

sql::sql(const std::filesystem::path& file) {
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    handle_.reset(opened);
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(opened));
    sqlite3_busy_timeout(opened, 10'000);
}

std::string sql::operator()(const std::string& statements) {
    std::string out;
    if (sqlite3_exec(handle_.get(), statements.c_str(), &add_row, &out, nullptr) != SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(handle_.get()));
    return out;
}

void sql::close::operator()(sqlite3* of) const noexcept { sqlite3_close_v2(of); }

} // namespace hosting::test
