#include "adapters/store/sqlite.hpp"

#include <sqlite3.h>
#include <system_error>

namespace hosting::store::sqlite {
namespace {

// A person's sqlite3 may hold the file for a moment; whoever waits for us must not wait long.
constexpr int patience_ms = 500;

constexpr int primary(int code) { return code & 0xff; }

[[noreturn]] void fail(sqlite3* of, int code) {
    std::string why = of ? sqlite3_errmsg(of) : sqlite3_errstr(code);
    const int system = of ? sqlite3_system_errno(of) : 0;
    if (system != 0 && (primary(code) == SQLITE_IOERR || primary(code) == SQLITE_CANTOPEN))
        why += ": " + std::generic_category().message(system);
    throw error(primary(code), why);
}

void must(sqlite3* of, int code) {
    if (code != SQLITE_OK) fail(of, code);
}

std::string uri(const std::filesystem::path& file, std::string_view query) {
    std::string out = "file:";
    for (const char c : std::filesystem::absolute(file).string())
        out += c == '%' ? "%25" : c == '?' ? "%3f" : c == '#' ? "%23" : std::string(1, c);
    return out.append("?").append(query);
}

std::string name_for(const std::filesystem::path& file, access how) {
    switch (how) {
    case access::create:
    case access::exclusive: break;
    case access::immutable: return uri(file, "immutable=1");
    case access::beside: return uri(file, "readonly_shm=1");
    }
    return file.string();
}

int flags(access how) {
    constexpr int ours = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    switch (how) {
    case access::create: return ours | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    case access::exclusive: return ours | SQLITE_OPEN_READWRITE;
    case access::immutable:
    case access::beside: return ours | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    }
    return ours;
}

} // namespace

bool error::is_damage() const noexcept { return code_ == SQLITE_CORRUPT || code_ == SQLITE_NOTADB; }

connection::connection(const std::filesystem::path& file, access how) {
    const std::string name = name_for(file, how);
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(name.c_str(), &opened, flags(how), nullptr);
    handle_.reset(opened); // also when it failed
    must(opened, code);
    must(opened, sqlite3_busy_timeout(opened, patience_ms));
    if (how == access::exclusive) execute("PRAGMA locking_mode = EXCLUSIVE");
}

void connection::close::operator()(sqlite3* of) const noexcept { sqlite3_close_v2(of); }

void connection::execute(const char* statements) {
    must(handle(), sqlite3_exec(handle(), statements, nullptr, nullptr, nullptr));
}

std::int64_t connection::number(const char* query) {
    statement s(*this, query);
    return s.step() ? s.number(0) : 0;
}

std::string connection::text(const char* query) {
    statement s(*this, query);
    return s.step() ? s.text(0) : std::string();
}

void connection::leave_untouched(bool yes) {
    must(handle(), sqlite3_db_config(handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, yes ? 1 : 0, nullptr));
}

bool connection::is_moved() {
    int moved = 0;
    return sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

statement::statement(connection& on, const std::string& text)
    : of_(on.handle()) {
    sqlite3_stmt* compiled = nullptr;
    must(of_, sqlite3_prepare_v3(of_, text.c_str(), static_cast<int>(text.size()) + 1,
                                 SQLITE_PREPARE_PERSISTENT, &compiled, nullptr));
    handle_.reset(compiled);
}

void statement::finalize::operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }

void statement::bind(int parameter, std::int64_t value) {
    must(of_, sqlite3_bind_int64(handle_.get(), parameter, value));
}

void statement::bind(int parameter, std::string_view value) {
    must(of_, sqlite3_bind_text64(handle_.get(), parameter, value.data(), value.size(), SQLITE_TRANSIENT,
                                  SQLITE_UTF8));
}

void statement::bind_null(int parameter) { must(of_, sqlite3_bind_null(handle_.get(), parameter)); }

bool statement::step() {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW) return true;
    reset();
    if (code != SQLITE_DONE) fail(of_, code);
    return false;
}

void statement::run() {
    while (step()) {
    }
}

void statement::reset() noexcept { sqlite3_reset(handle_.get()); }

bool statement::is_null(int column) const {
    return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}

std::int64_t statement::number(int column) const { return sqlite3_column_int64(handle_.get(), column); }

std::string statement::text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_.get(), column));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column))};
}

transaction::transaction(connection& on)
    : of_(on) {
    of_.execute("BEGIN IMMEDIATE");
}

// After a full disk SQLite may have rolled back by itself; then this fails, which is as good.
transaction::~transaction() {
    if (open_) sqlite3_exec(of_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
    of_.execute("COMMIT");
    open_ = false;
}

} // namespace hosting::store::sqlite
