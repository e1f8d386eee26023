#include "adapters/metrics/server_labels.hpp"

#include "core/message_text.hpp"

#include <map>
#include <set>

namespace hosting::metrics {
namespace {

constexpr std::size_t longest_label_characters = 128;

} // namespace

std::vector<std::string> server_labels(const std::vector<server_status>& servers) {
    std::map<std::string, int> bearers;
    for (const auto& each : servers)
        ++bearers[plain_text(each.name, longest_label_characters)];
    std::vector<std::string> labels;
    std::set<std::string> used;
    for (const auto& each : servers) {
        std::string label = plain_text(each.name, longest_label_characters);
        if (bearers[label] > 1) label += " (" + plain_text(each.id, longest_label_characters) + ")";
        // Somebody may be called like another's name and id: Prometheus drops all of a text with a series
        // twice.
        while (!used.insert(label).second)
            label += '+';
        labels.push_back(std::move(label));
    }
    return labels;
}

} // namespace hosting::metrics
