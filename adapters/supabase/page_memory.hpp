// Whether a page of a table is its last one, when the server may cut pages silently at a size that it does
// not tell.
#pragma once

#include <atomic>
#include <cstddef>

namespace hosting::supabase {

// A page shorter than the limit is the last one if this server has given a larger page before. If it has not,
// the page may have been cut, and only an empty one behind it shows that it was not. Thread-safe.
class page_memory {
public:
    // To be told of every page. False: there may be more behind it.
    bool is_last(std::size_t count, std::size_t limit) noexcept {
        if (count == 0) return true;
        std::size_t largest = largest_;
        if (count < limit && count < largest) return true;
        while (count > largest && !largest_.compare_exchange_weak(largest, count)) {
        }
        return false;
    }

private:
    std::atomic<std::size_t> largest_{0};
};

} // namespace hosting::supabase
