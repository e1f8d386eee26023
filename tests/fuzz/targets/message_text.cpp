// Any text at all, as it ends up in a row's error_message. The first line is the bound.
#include "core/message_text.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>

namespace hosting::fuzz {

void check(std::string_view input) {
    const auto bound = static_cast<std::size_t>(std::max(number_of(take_line(input), 60), 0));
    const std::string plain = plain_text(input, bound);
    must(is_plain(plain, bound), "plain text is UTF-8 on one line within its bound", plain);
    must(plain_text(plain, bound) == plain, "plain text stays as it is", plain);

    const failure why{static_cast<errc>(bound % (static_cast<std::size_t>(errc::internal) + 1)),
                      std::string(input)};
    for (const auto& message : {error_message(why), waiting_message(why, {})}) {
        must(is_plain(message, 500), "a message is plain and has at most 500 characters", message);
        must(contains(message, code_name(why.code)), "a message names its code", message);
    }
    must(error_message(why).ends_with(who_must_act(why.code)), "a message says who must act");
}

} // namespace hosting::fuzz
