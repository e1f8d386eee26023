// What a client sends to the HTTP endpoint. However it is cut into pieces, the same must be read; CANARY
// stands for what no answer may hold.
#include "daemon/endpoint/message.hpp"
#include "daemon/endpoint/process_call.hpp"
#include "daemon/endpoint/routes.hpp"

#include "adapters/http/message.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <vector>

namespace hosting::fuzz {
namespace {

using endpoint::request_reader;
using state = request_reader::state;

constexpr std::string_view canary = "CANARY";
constexpr std::size_t body_bytes = 200;
constexpr std::size_t roomy_header_bytes = 64 * 1024; // so that no limit depends on the pieces
constexpr std::size_t tight_header_bytes = 64;

struct reading {
    state end = state::more;
    std::vector<endpoint::request> all;
    unsigned complaint = 0;
};

reading read(std::string_view bytes, std::size_t piece, std::size_t header_bytes) {
    request_reader reader(header_bytes, body_bytes);
    reading out;
    for (; !bytes.empty() && out.end != state::broken; bytes.remove_prefix(std::min(piece, bytes.size()))) {
        out.end = reader.feed(bytes.substr(0, piece));
        (void)reader.wants_continue();
        while (out.end == state::complete) {
            (void)reader.keep_alive();
            out.all.push_back(reader.take());
            out.end = reader.feed({});
        }
    }
    if (out.end == state::broken) out.complaint = reader.complaint().status;
    return out;
}

// A header that has no end yet may be known to be broken, or not yet.
bool same(const reading& a, const reading& b) {
    const auto same_request = [](const endpoint::request& x, const endpoint::request& y) {
        return x.method == y.method && x.target == y.target && x.body == y.body;
    };
    const bool open = a.end == state::more || b.end == state::more;
    return (open || a.complaint == b.complaint) && std::ranges::equal(a.all, b.all, same_request);
}

// By the client's reader, which shares nothing with what wrote it.
void check_answer(const endpoint::answer& said) {
    must(!contains(said.body, canary), "no answer holds what was sent", said.body);
    http::response_reader reader(64 * 1024);
    must(reader.feed(to_wire(said, true, true)) == http::response_reader::state::complete,
         "an answer is one message");
    must(reader.reusable(), "the connection goes on behind it");
    const auto got = reader.take();
    must(got.status == said.status && got.body == said.body, "an answer is read as it was meant");
}

void check_call(std::string_view body) {
    static const endpoint::gate gate(*http::parse_url("https://hub.example"), secret("right"));
    const auto read = endpoint::read_process_call(body);
    if (const auto* mistakes = std::get_if<endpoint::answer>(&read)) {
        must(mistakes->status == 422, "a body of the wrong form is 422");
        boost::system::error_code broken;
        boost::json::parse(mistakes->body, broken);
        must(!broken, "the mistakes are JSON", mistakes->body);
        return check_answer(*mistakes);
    }
    const auto& call = std::get<endpoint::process_call>(read);
    must(call.site_id.size() <= 128 && call.site_id.find_first_of(" \r\n\t\"\0") == call.site_id.npos,
         "an id is short and plain", call.site_id);
    const auto refused = gate.refuse(call);
    must(refused.has_value() || call.key.reveal() == "right", "only the right key passes");
    if (refused) check_answer(*refused);
}

void check_route(const endpoint::request& asked) {
    const auto where = endpoint::route_of(asked.method, asked.target);
    must(!where.method_fits || where.asked.has_value(), "a method fits a path that there is");
    must(where.asked.has_value() == !where.methods.empty(), "a path has methods");
}

} // namespace

void check(std::string_view input) {
    const auto whole = read(input, std::max<std::size_t>(input.size(), 1), roomy_header_bytes);
    for (const std::size_t piece : {1, 7})
        must(same(whole, read(input, piece, roomy_header_bytes)), "the same is read however it is cut");
    for (const auto& each : whole.all) {
        must(each.body.size() <= body_bytes, "a body keeps within its limit");
        check_route(each);
        check_call(each.body);
    }
    if (whole.end == state::broken)
        must(whole.complaint == 400 || whole.complaint == 413 || whole.complaint == 431,
             "a complaint is one of three");
    for (const auto& each : read(input, 1, tight_header_bytes).all)
        must(each.target.size() < tight_header_bytes, "a header keeps within its limit");
    check_call(input);
}

} // namespace hosting::fuzz
