// Another look at the file, as a person with sqlite3 would have it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct sqlite3;

namespace hosting::test {

// A connection of its own. Throws when SQLite refuses something.
class sql {
public:
    explicit sql(const std::filesystem::path& file);
    // All rows: values separated by '|', rows by '\n'; NULL is "NULL".
    std::string operator()(const std::string& statements);

private:
    struct close {
        void operator()(sqlite3*) const noexcept;
    };
    std::unique_ptr<sqlite3, close> handle_;
};

} // namespace hosting::test
