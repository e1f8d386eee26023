// The bytes of an HTTP answer. However they are cut into pieces, the same must be read.
#include "adapters/http/message.hpp"
#include "tests/fuzz/target.hpp"

#include <optional>

namespace hosting::fuzz {
namespace {

using http::response_reader;
using state = response_reader::state;

constexpr std::size_t body_limit = 100;

struct reading {
    state end = state::more;
    http::response answer; // when complete
    std::string why;       // when broken
};

reading read(std::string_view bytes, std::size_t piece) {
    response_reader reader(body_limit);
    reading out;
    for (; !bytes.empty() && out.end == state::more; bytes.remove_prefix(std::min(piece, bytes.size())))
        out.end = reader.feed(bytes.substr(0, piece));
    if (out.end == state::more) out.end = reader.end_of_stream();
    if (out.end == state::complete) {
        (void)reader.reusable();
        out.answer = reader.take();
    } else {
        out.why = reader.why();
    }
    return out;
}

} // namespace

void check(std::string_view input) {
    const auto whole = read(input, std::max<std::size_t>(input.size(), 1));
    must(whole.end != state::more, "the end of the stream decides");
    if (whole.end == state::complete) {
        must(whole.answer.body.size() <= body_limit, "the body keeps within its limit");
        must(whole.answer.status / 100 != 1, "interim answers are skipped");
        must(!contains(whole.answer.content_type, ";"), "a content type has no parameters");
        must(!contains(whole.answer.location, "\n"), "a header is one line");
    } else {
        must(is_plain(whole.why, 120) && !whole.why.empty(), "what is broken says why", whole.why);
    }
    for (const std::size_t piece : {1, 7}) {
        const auto cut = read(input, piece);
        must(cut.end == whole.end, "the end is the same however it is cut", cut.why + whole.why);
        if (whole.end != state::complete) continue;
        must(cut.answer.status == whole.answer.status && cut.answer.body == whole.answer.body &&
                 cut.answer.content_type == whole.answer.content_type &&
                 cut.answer.location == whole.answer.location,
             "the answer is the same however it is cut", cut.answer.body);
    }
}

} // namespace hosting::fuzz
