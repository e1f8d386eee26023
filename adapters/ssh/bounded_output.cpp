#include "adapters/ssh/bounded_output.hpp"

#include <algorithm>

namespace hosting::ssh {

void bounded_output::append(std::string_view bytes) {
    total_ += bytes.size();
    const auto to_head = std::min(bytes.size(), half_ - head_.size());
    head_.append(bytes.substr(0, to_head));
    bytes.remove_prefix(to_head);

    if (bytes.size() > half_) {
        tail_.clear();
        bytes.remove_prefix(bytes.size() - half_);
    }
    // Cut only when twice the need has gathered, so that a flood is not moved about byte by byte.
    if (tail_.size() + bytes.size() > 2 * half_) tail_.erase(0, tail_.size() - std::min(half_, tail_.size()));
    tail_.append(bytes);
}

std::string bounded_output::text() const {
    const std::string_view tail =
        std::string_view(tail_).substr(tail_.size() - std::min(half_, tail_.size()));
    const auto left_out = total_ - head_.size() - tail.size();
    if (left_out == 0) return head_ + std::string(tail);
    return head_ + "\n[... " + std::to_string(left_out) + " bytes left out ...]\n" + std::string(tail);
}

} // namespace hosting::ssh
