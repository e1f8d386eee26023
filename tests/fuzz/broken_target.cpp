// No parser, but every kind of mistake: what the runner, and the sanitizers behind it, must find. Run by name
// only.
#include "tests/fuzz/target.hpp"

#include <limits>
#include <vector>

namespace hosting::fuzz {

void check(std::string_view input) {
    must(!input.starts_with("property"), "nothing begins with this word", input);
    if (input.starts_with("overflow")) {
        const std::vector<char> copy(input.begin(), input.end());
        must(*(copy.data() + copy.size()) != 1, "what stands behind a buffer is read");
    }
    if (input.starts_with("undefined")) {
        const auto most = std::numeric_limits<int>::max() - static_cast<int>(input.size()) + 1;
        must(most + static_cast<int>(input.size()) != 0, "a number overflows");
    }
    if (input.starts_with("leak")) (void)new std::string(input);
    if (input.starts_with("exception")) throw input.size();
}

} // namespace hosting::fuzz
