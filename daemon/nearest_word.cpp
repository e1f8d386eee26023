#include "daemon/nearest_word.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hosting {
namespace {

// Levenshtein's distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

} // namespace

std::string did_you_mean(std::string_view unknown, const std::vector<std::string>& known) {
    const auto nearest =
        std::ranges::min_element(known, {}, [&](const std::string& word) { return distance(unknown, word); });
    if (nearest == known.end() || distance(unknown, *nearest) > std::max<std::size_t>(2, unknown.size() / 2))
        return {};
    return " (did you mean \"" + *nearest + "\"?)";
}

} // namespace hosting
