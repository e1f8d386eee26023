// The fence on the server: who comes with a lower token than one that was there acts no more.
#include "tests/unit/cloudpanel/server_disk.hpp"

#include <limits>

using namespace hosting::cloudpanel;
using namespace hosting::test;
using kind = script_output::kind;

namespace {

const std::string queue = "5f0c9a52-1111-4222-8333-444455556666";
const std::string fence_file = "var/lib/hosting-automator/fence/" + queue + "/example.com";

struct fenced_server : server_disk {
    [[nodiscard]] script_output with(std::uint64_t token) const { return create_under({queue, token}); }
    [[nodiscard]] std::string highest() const { return read_file(*this / fence_file.c_str()); }
    void leave_highest(const std::string& text) const { leave_file(fence_file.c_str(), text); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(running_fences, *boost::unit_test::precondition(temporary_root::there))

BOOST_AUTO_TEST_CASE(the_highest_token_is_remembered) {
    fenced_server f;
    BOOST_TEST((f.with(9).what == kind::ran));
    BOOST_TEST(f.highest() == "9\n");
    BOOST_TEST(mode_of(f / fence_file.c_str()) == 0600U);
    for (const char* folder : {"var/lib/hosting-automator", "var/lib/hosting-automator/fence"})
        BOOST_TEST(mode_of(f / folder) == 0700U);
    BOOST_TEST((f.with(9).what == kind::ran));
    BOOST_TEST((f.install_certificate("-", {queue, 10}).what == kind::ran));
    BOOST_TEST(f.highest() == "10\n");
    BOOST_TEST(f.processes() == "");
}

BOOST_AUTO_TEST_CASE(who_comes_with_a_lower_one_does_nothing) {
    fenced_server f;
    f.leave_highest("10\n");
    BOOST_TEST((f.with(9).what == kind::fenced));
    BOOST_TEST((f.install_certificate("-", {queue, 9}).what == kind::fenced));
    f.leave_highest(std::to_string(std::numeric_limits<std::uint64_t>::max()));
    BOOST_TEST((f.with(std::numeric_limits<std::uint64_t>::max() - 1).what == kind::fenced));
    BOOST_TEST(f.calls() == "");
    BOOST_TEST(f.installation() == "");
    BOOST_TEST((f.with(std::numeric_limits<std::uint64_t>::max()).what == kind::ran));
}

BOOST_AUTO_TEST_CASE(it_is_the_queues_and_the_domains_own) {
    fenced_server f;
    f.leave_highest("10\n");
    BOOST_TEST((f.create().what == kind::ran));
    BOOST_TEST((f.create_under({"11112222", 1}).what == kind::ran));
    BOOST_TEST((f.create_under({queue, 1}, "user_x", false, "example.org").what == kind::ran));
    BOOST_TEST(f.highest() == "10\n");
}

BOOST_AUTO_TEST_CASE(an_empty_one_is_none) {
    fenced_server f;
    f.leave_highest("");
    BOOST_TEST((f.with(1).what == kind::ran));
    BOOST_TEST(f.highest() == "1\n");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_kept_is_not_passed) {
    const std::string folder = "/var/lib/hosting-automator/fence/" + queue;
    for (const std::string& trouble :
         {std::string("mount -t tmpfs -o ro none /var/lib"),
          std::string("mount -t tmpfs -o nr_inodes=1 none /var/lib"), "mkdir -p " + folder + "/example.com",
          "mkdir -p " + folder + "; echo 1x >" + folder + "/example.com",
          "mkdir -p " + folder + "; echo -1 >" + folder + "/example.com",
          "mkdir -p " + folder + "; mkfifo " + folder + "/example.com",
          "mkdir -p " + folder + "/example.com.new/x",
          std::string("mkdir -p /var/lib/hosting-automator; "
                      "touch /var/lib/hosting-automator/fence")}) {
        fenced_server f;
        f.prepare(trouble);
        const auto out = f.with(5);
        BOOST_TEST_CONTEXT(trouble) {
            BOOST_TEST((out.what == kind::fence_error));
            BOOST_TEST(out.why.starts_with(folder + "/example.com cannot be "));
            BOOST_TEST(f.calls() == "");
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
