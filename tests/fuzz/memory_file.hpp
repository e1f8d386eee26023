// A file in memory, for parsers that want a path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace hosting::fuzz {

// For its owner alone, as a file with a secret must be. Throws std::system_error.
class memory_file {
public:
    memory_file();
    ~memory_file();
    memory_file(const memory_file&) = delete;
    memory_file& operator=(const memory_file&) = delete;

    [[nodiscard]] std::filesystem::path path() const;
    void write(std::string_view text) const; // in place of what it held
    [[nodiscard]] std::string read() const;

private:
    int file_;
};

} // namespace hosting::fuzz
