// What happened, line by line: shown on request, and always summed up in a number, by which two runs are told
// apart.
#pragma once

#include "core/moment.hpp"

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace simulation {

class trace {
public:
    explicit trace(bool shown)
        : shown_(shown) {}

    void line(hosting::steady_time at, std::string_view text) {
        mix(static_cast<std::uint64_t>(at.time_since_epoch().count()));
        for (const char c : text)
            mix(static_cast<unsigned char>(c));
        ++lines_;
        if (shown_) show(at, text);
    }
    // What is too frequent to be shown.
    void mix(std::uint64_t value) noexcept { hash_ = (hash_ ^ value) * 0x100000001B3U; }

    [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
    [[nodiscard]] std::uint64_t lines() const noexcept { return lines_; }
    [[nodiscard]] bool shown() const noexcept { return shown_; }

private:
    static void show(hosting::steady_time at, std::string_view text) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count() -
                        std::chrono::milliseconds(std::chrono::hours(1'000)).count();
        std::printf("%lldd %02lld:%02lld:%02lld.%03lld  %.*s\n", static_cast<long long>(ms / 86'400'000),
                    static_cast<long long>(ms / 3'600'000 % 24), static_cast<long long>(ms / 60'000 % 60),
                    static_cast<long long>(ms / 1'000 % 60), static_cast<long long>(ms % 1'000),
                    static_cast<int>(text.size()), text.data());
    }

    bool shown_;
    std::uint64_t hash_ = 0xCBF29CE484222325U;
    std::uint64_t lines_ = 0;
};

} // namespace simulation
