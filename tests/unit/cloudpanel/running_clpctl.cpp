// What clpctl is given by the real scripts, and what becomes of one that does not end in time.
#include "tests/unit/cloudpanel/server_disk.hpp"

using namespace std::chrono_literals;
using namespace hosting::cloudpanel;
using namespace hosting::test;
using kind = script_output::kind;

namespace {

// Goes on behind clpctl's back until `wait` is over, as what sudo and su start does, and tells of its end.
std::string child_of(const server_disk& f, const std::string& domain, const std::string& wait = "sleep 3") {
    return "setsid sh -c \"" + wait + "; echo ended >>" + (f / "child").string() +
           "\" child --domainName=" + domain + " >/dev/null 2>&1 &\nexec sleep 60";
}

std::string made_fifo(const server_disk& f) {
    const auto path = (f / "fifo").string();
    ::mkfifo(path.c_str(), 0600);
    return path;
}

} // namespace

BOOST_AUTO_TEST_SUITE(running_clpctl, *boost::unit_test::precondition(temporary_root::there))

BOOST_AUTO_TEST_CASE(it_is_given_what_it_needs_and_no_more) {
    server_disk f;
    f.prepare("export LC_ALL=C; exec <" + (f / "prepare").string());
    f.install("clpctl",
              "kill -HUP $$; kill -PIPE $$; echo $LC_ALL; umask\n"
              "readlink /proc/$$/fd/0; readlink /proc/$$/fd/* | grep -c lock; ps -o pgid= $$ | grep -c $$");
    BOOST_TEST(f.create().clpctl_out == "C.UTF-8\n0022\n/dev/null\n0\n1\n\n");
}

BOOST_AUTO_TEST_CASE(its_status_is_told) {
    server_disk f;
    f.install("clpctl", "exit 3");
    BOOST_TEST(f.create().clpctl_status == 3);
    f.install("clpctl", "kill -SEGV $$");
    BOOST_TEST(f.create().clpctl_status == 128 + 11);
    std::filesystem::permissions(f / "bin/clpctl", std::filesystem::perms::owner_read);
    BOOST_TEST(f.create().clpctl_status == 126);
    std::filesystem::remove(f / "bin/clpctl");
    BOOST_TEST(f.create().clpctl_status == 127);
}

BOOST_AUTO_TEST_CASE(it_is_ended_when_its_time_is_over) {
    server_disk f;
    f.limits.step = 1s;
    f.install("clpctl", "sleep 60 & wait");
    const auto out = f.create();
    BOOST_TEST((out.what == kind::ran));
    BOOST_TEST(out.clpctl_status == 124);
}

BOOST_AUTO_TEST_CASE(it_is_killed_where_it_does_not_heed) {
    server_disk f;
    f.limits.step = 1s;
    f.install("clpctl", "trap '' TERM; sleep 60 & wait");
    BOOST_TEST(f.create().clpctl_status == 137);
}

BOOST_AUTO_TEST_CASE(the_lock_is_kept_for_what_it_started) {
    server_disk f;
    f.limits.step = 1s;
    f.install("clpctl", child_of(f, "example.com"));
    BOOST_TEST(f.create().clpctl_status == 124);
    BOOST_TEST(read_file(f / "child") == "ended\n");
}

BOOST_AUTO_TEST_CASE(but_not_for_another_sites_command) {
    server_disk f;
    f.limits.step = 1s;
    const auto fifo = made_fifo(f);
    f.install("clpctl", child_of(f, "example.com.au", "read word <" + fifo));
    BOOST_TEST(f.create().clpctl_status == 124);
    BOOST_TEST(read_file(f / "child") == "");
    write_file(fifo, "go\n");
}

BOOST_AUTO_TEST_CASE(and_not_for_ever) {
    server_disk f;
    f.limits = {1s, 1s};
    const auto fifo = made_fifo(f);
    f.install("clpctl", child_of(f, "example.com", "read word <" + fifo));
    BOOST_TEST(f.create().clpctl_status == 124);
    BOOST_TEST(read_file(f / "child") == "");
    write_file(fifo, "go\n");
}

BOOST_AUTO_TEST_CASE(only_its_own_words_on_stderr_count) {
    server_disk f;
    f.prepare("unset LC_ALL; export LANG=xx_YY.UTF-8; exec 2>" + (f / "errors").string());
    f.install("clpctl", "echo oh >&2");
    BOOST_TEST(f.create().clpctl_status == 0);
    const auto all = read_file(f / "errors");
    BOOST_TEST(all.starts_with("perl: warning: Setting locale failed."));
    BOOST_TEST(own_errors(all, "N1") == "oh\n");
}

BOOST_AUTO_TEST_SUITE_END()
