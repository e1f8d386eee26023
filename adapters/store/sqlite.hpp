// SQLite with owners for its handles, and exceptions, which never leave the adapter.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace hosting::store::sqlite {

class error : public std::runtime_error {
public:
    error(int code, const std::string& what)
        : std::runtime_error(what)
        , code_(code) {}
    [[nodiscard]] int code() const noexcept { return code_; } // a primary one, such as SQLITE_FULL

    // The file's content is at fault, and will be the next time.
    [[nodiscard]] bool is_damage() const noexcept;

private:
    int code_;
};

enum class access {
    create,    // read and write; made if missing
    exclusive, // read and write, if it is there; nothing but the file itself is needed, so a full disk does
    immutable, // read only; right only where nobody writes and no write-ahead log is left
    beside     // read only, while another process may write; needs its -shm file, and makes no file
};

// One thread at a time.
class connection {
public:
    connection(const std::filesystem::path& file, access how);

    void execute(const char* statements);
    [[nodiscard]] std::int64_t number(const char* query);
    [[nodiscard]] std::string text(const char* query); // empty where there is no row

    // Leaves the file as it is when this is closed, log and all.
    void leave_untouched(bool);
    // Whether the file is no longer what is found under its name.
    [[nodiscard]] bool is_moved();

    [[nodiscard]] sqlite3* handle() const noexcept { return handle_.get(); }

private:
    struct close {
        void operator()(sqlite3*) const noexcept;
    };
    std::unique_ptr<sqlite3, close> handle_;
};

// Compiled once, run many times. Must not outlive its connection.
class statement {
public:
    statement(connection&, const std::string& text);

    // Parameters count from 1, columns from 0.
    void bind(int parameter, std::int64_t);
    void bind(int parameter, std::string_view);
    void bind_null(int parameter);
    // Whether there is a row; after the last one it can be run again.
    bool step();
    void run();
    void reset() noexcept; // what is bound stays bound

    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string text(int column) const;

private:
    struct finalize {
        void operator()(sqlite3_stmt*) const noexcept;
    };
    sqlite3* of_;
    std::unique_ptr<sqlite3_stmt, finalize> handle_;
};

// Rolled back unless committed.
class transaction {
public:
    explicit transaction(connection&);
    ~transaction();
    transaction(const transaction&) = delete;
    transaction& operator=(const transaction&) = delete;
    void commit();

private:
    connection& of_;
    bool open_ = true;
};

} // namespace hosting::store::sqlite
