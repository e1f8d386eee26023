// The keys of the configuration file: which there are, how each is read, what its value must be.
#pragma once

#include "daemon/configuration.hpp"

#include <string>
#include <toml++/toml.h>
#include <vector>

namespace hosting {

[[nodiscard]] std::vector<std::string> section_names();
[[nodiscard]] std::vector<std::string> key_names(const std::string& section);

// Sets one known key from its TOML value. Returns what is wrong with the value ("must be ..."), or an empty
// text.
[[nodiscard]] std::string set_key(configuration& into, const std::string& section, const std::string& key,
                                  const toml::node& value);

// When a changed value takes effect in a program that runs.
enum class effect { at_once, at_restart };

struct changed_key {
    std::string name; // "daemon.state_dir"
    effect takes = effect::at_restart;
};

// Takes over from `next` what takes effect at once; returns every key whose values differed.
[[nodiscard]] std::vector<changed_key> take_changes(configuration& running, const configuration& next);

// What only shows when all values are there; adds a sentence for each mistake.
void check_values(const configuration& value, std::vector<std::string>& mistakes);

} // namespace hosting
