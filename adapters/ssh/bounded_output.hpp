// What is kept of a command's output: its beginning and its end, whatever its length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hosting::ssh {

class bounded_output {
public:
    explicit bounded_output(std::size_t limit_bytes = 64 * 1024)
        : half_(limit_bytes / 2) {}

    void append(std::string_view bytes);

    // The text kept. Where bytes were left out in the middle, a line "[... N bytes left out ...]" stands for
    // them.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::uint64_t total_bytes() const noexcept { return total_; }

private:
    std::size_t half_;
    std::uint64_t total_ = 0;
    std::string head_; // the first half_ bytes
    std::string tail_; // at most 2 * half_ bytes, of which the last half_ count
};

} // namespace hosting::ssh
