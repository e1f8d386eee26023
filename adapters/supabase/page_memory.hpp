// Whether a page of a table is its last one, when the server may cut pages silently at a size that it does
// not tell.
#pragma once

#include <atomic>
#include <cstddef>

namespace hosting::supabase {

// A page shorter than the limit is the last one if this server has given a larger page before. If it has not,
// the page may have been cut, and only an empty one behind it shows that it was not. That is remembered, so
// that a queue in which the same number of rows waits for hours is not asked twice at every poll, but checked
// at every twelfth, since the server's limit might be just this number. Thread-safe.
class page_memory {
public:
    // To be told of every page, the empty ones too.
    bool is_last(std::size_t count, std::size_t limit) noexcept {
        constexpr unsigned check_every = 12;
        std::size_t previous = unproved_.exchange(0);
        if (count == 0) {
            if (previous > 0) whole_ = previous;
            return true;
        }
        if (count < limit && count < largest_) return true;
        if (count > largest_) largest_ = count;
        if (count < limit && count == whole_ && ++trusted_ % check_every != 0) return true;
        if (count < limit) unproved_ = count;
        return false;
    }

private:
    std::atomic<std::size_t> largest_{0};
    std::atomic<std::size_t> whole_{0};    // a page of this size was followed by an empty one
    std::atomic<std::size_t> unproved_{0}; // the page before this one was of this size
    std::atomic<unsigned> trusted_{0};
};

} // namespace hosting::supabase
