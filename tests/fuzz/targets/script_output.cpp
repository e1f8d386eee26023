// What a remote script printed, with the nonce N1.
#include "adapters/cloudpanel/script_output.hpp"
#include "tests/fuzz/target.hpp"

namespace hosting::fuzz {
namespace {

using namespace hosting::cloudpanel;
using kind = script_output::kind;

constexpr std::string_view nonce = "N1";

void check_ended(const script_output& out, std::string_view input) {
    must(out.installation.size() <= 64 &&
             out.installation.find_first_of(" \t\r\x1b;'") == out.installation.npos,
         "an installation's id is harmless", out.installation);
    if (out.what == kind::incomplete) return;
    must(out.began, "what has an outcome had a beginning");
    if (out.what == kind::lock_busy || out.what == kind::lock_error) return;
    must(contains(input, "N1 end"), "an outcome is told to the end");
    if (out.what == kind::fenced || out.what == kind::fence_error) return;
    must(contains(input, "N1 view"), "an outcome has been looked at");
    if (out.what == kind::ran) must(contains(input, "N1 exit "), "clpctl ran only where its status stands");
}

void check_view(const script_output& out) {
    const auto view = view_of(out, "example.com");
    must(view.exists == out.vhost, "a site exists where its vhost does");
    must(view.owner.empty() || view.vhost_root.starts_with("/home/" + view.owner + "/"),
         "an owner is that of the folder", view.vhost_root);
    must(!contains(view.owner, "/") && view.owner != "." && view.owner != "..", "an owner is a name",
         view.owner);
    must(view.installed.has_value() == contains(out.certificate, "-----BEGIN CERT"),
         "a certificate is seen where one begins");
}

} // namespace

void check(std::string_view input) {
    const auto out = parse_script_output(input, nonce);
    check_ended(out, input);
    check_view(out);
    for (std::string_view rest = out.clpctl_out; !rest.empty();)
        must(!take_line(rest).starts_with("N1 "), "the script's own lines are none of clpctl's");
    must(out.clpctl_out.size() + out.certificate.size() <= input.size() + 2, "nothing is invented");

    const auto foreign = parse_script_output(input, "N2xN2xN2xN2xN2xN");
    must(contains(input, "N2xN2xN2xN2xN2xN") || (foreign.what == kind::incomplete && !foreign.began),
         "without the nonce nothing counts");
    const auto greeted = parse_script_output("Last login: today\n" + std::string(input), nonce);
    must(greeted.what == out.what && greeted.clpctl_status == out.clpctl_status &&
             greeted.clpctl_out == out.clpctl_out && greeted.certificate == out.certificate,
         "a greeting before the script changes nothing");
}

} // namespace hosting::fuzz
