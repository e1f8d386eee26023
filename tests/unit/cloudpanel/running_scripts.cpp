// The scripts at work: run by the real shell, on a disk of their own.
#include "adapters/cloudpanel/probe.hpp"
#include "tests/unit/cloudpanel/server_disk.hpp"

using namespace std::chrono_literals;
using namespace hosting::cloudpanel;
using namespace hosting::test;
using kind = script_output::kind;

namespace {

const std::string theirs = "9f1c2d3e-0a1b-4c2d-8e3f-001122334455";

} // namespace

BOOST_AUTO_TEST_SUITE(running_scripts, *boost::unit_test::precondition(temporary_root::there))

BOOST_AUTO_TEST_CASE(a_site_is_made_where_there_is_none) {
    server_disk f;
    const auto out = f.create();
    BOOST_TEST((out.what == kind::ran));
    BOOST_TEST(out.clpctl_status == 0);
    BOOST_TEST(out.clpctl_out == "done\n\n");
    BOOST_TEST(mode_of(f / "run/lock/hosting-automator.lock") == 0600U);
    BOOST_TEST(f.calls() == "site:add:static --domainName=example.com --siteUser=user_examplecom "
                            "--siteUserPassword=Passw0rd\n");
}

BOOST_AUTO_TEST_CASE(a_vhost_is_found_and_nothing_done) {
    server_disk f;
    write_file(f / "etc/nginx/sites-enabled/example.com.conf", "  root /home/john/htdocs/example.com;\n");
    const auto out = f.create();
    BOOST_TEST((out.what == kind::found));
    BOOST_TEST(view_of(out, "example.com").owner == "john");
    BOOST_TEST(f.calls() == "");
}

BOOST_AUTO_TEST_CASE(a_user_is_an_orphan_where_it_has_a_folder_for_this_very_site) {
    server_disk f;
    f.add_user("user_examplecom");
    const auto other = f.create();
    BOOST_TEST((other.what == kind::user_used));
    BOOST_TEST(!other.orphan);
    std::filesystem::create_directories(f / "home/user_examplecom/htdocs/www.example.com");
    BOOST_TEST(!f.create().orphan);
    std::filesystem::create_directories(f / "home/user_examplecom/htdocs/example.com");
    const auto orphan = f.create();
    BOOST_TEST((orphan.what == kind::user_used));
    BOOST_TEST(orphan.orphan);
    BOOST_TEST(f.calls() == "");
}

// The leaf: behind a link, with words before and a chain behind, without the last line's end, cut off, no
// file.
BOOST_AUTO_TEST_CASE(a_certificate_is_seen_as_it_is) {
    server_disk f;
    const auto crt = f / "etc/nginx/ssl-certificates/example.com.crt";
    const std::string one = "-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----";
    const std::string cut = "-----BEGIN CERTIFICATE-----\nAB\n";
    write_file(f / "etc/linked", "subject\n" + one + "\nissuer\n" + one);
    std::filesystem::create_symlink("/etc/linked", crt);
    BOOST_TEST(f.look().certificate == one + "\n");
    std::filesystem::remove(crt);
    write_file(crt, cut);
    BOOST_TEST(f.look().certificate.starts_with(cut));
    BOOST_TEST(!view_of(f.look(), "example.com").installed->readable);
    std::filesystem::remove(crt);
    std::filesystem::create_directory(crt);
    BOOST_TEST(f.look().certificate == "");
    f.prepare("rmdir " + crt.string() + "; mkfifo " + crt.string());
    BOOST_TEST((f.look().what == kind::looked));
}

BOOST_AUTO_TEST_CASE(a_certificate_is_ordered_only_over_the_one_last_seen) {
    server_disk f;
    const std::string mark(64, 'B');
    write_file(f / "etc/nginx/ssl-certificates/example.com.crt",
               "-----BEGIN CERTIFICATE-----\n" + mark + "\n-----END CERTIFICATE-----\n");
    BOOST_TEST((f.install_certificate().what == kind::guard));
    BOOST_TEST((f.install_certificate(std::string(64, 'C')).what == kind::guard));
    BOOST_TEST(f.calls() == "");
    BOOST_TEST((f.install_certificate(mark).what == kind::ran));
    BOOST_TEST(f.calls() == "lets-encrypt:install:certificate --domainName=example.com\n");
}

BOOST_AUTO_TEST_CASE(a_lock_that_is_held_is_waited_for_and_then_busy) {
    server_disk f;
    // The holder is the shell's own child, and ends with it.
    f.prepare("exec 8>>/run/lock/hosting-automator.lock; flock 8");
    const actor us(shell_word(f.ours), {});
    for (const auto wait : {0s, 1s}) {
        const auto command = create_command(shell_word("N1"), shell_word("example.com"), us,
                                            shell_word("user_x"), shell_word("p"), false, {wait, 5s}, false);
        BOOST_TEST((f.parsed(command, 75).what == kind::lock_busy));
    }
    BOOST_TEST(f.calls() == "");
    BOOST_TEST(f.installation() == ""); // only under the lock
}

BOOST_AUTO_TEST_CASE(a_lock_that_becomes_free_is_taken) {
    server_disk f;
    f.prepare("exec 8>>/run/lock/hosting-automator.lock; flock 8; sleep 0.3 & exec 8>&-");
    BOOST_TEST((f.create().what == kind::ran));
}

BOOST_AUTO_TEST_CASE(where_there_can_be_no_lock_nothing_is_done) {
    server_disk f;
    f.prepare("rm -rf /run/lock; exec 2>" + (f / "errors").string());
    const actor us(shell_word(f.ours), {});
    const auto command = create_command(shell_word("N1"), shell_word("example.com"), us, shell_word("user_x"),
                                        shell_word("p"), false, {5s, 5s}, false);
    BOOST_TEST((f.parsed(command, 74).what == kind::lock_error));
    BOOST_TEST(own_errors(read_file(f / "errors"), "N1") == "No such file or directory \n");
    BOOST_TEST(f.calls() == "");
}

BOOST_AUTO_TEST_CASE(our_installation_is_left_on_the_server_once) {
    server_disk f;
    BOOST_TEST(f.create().installation == "");
    BOOST_TEST(f.installation() == f.ours + "\n");
    BOOST_TEST(mode_of(f / f.installation_file) == 0600U);
    BOOST_TEST(mode_of((f / f.installation_file).parent_path()) == 0700U);
    const auto left = std::filesystem::last_write_time(f / f.installation_file);
    BOOST_TEST(f.create().installation == "");
    BOOST_TEST(f.install_certificate().installation == "");
    BOOST_TEST((std::filesystem::last_write_time(f / f.installation_file) == left));
    BOOST_TEST(f.processes() == ""); // none but clpctl
}

BOOST_AUTO_TEST_CASE(another_installation_is_told_and_replaced) {
    server_disk f;
    f.leave_installation(theirs + "\n");
    const auto out = f.create();
    BOOST_TEST((out.what == kind::ran));
    BOOST_TEST(out.installation == theirs);
    BOOST_TEST(f.installation() == f.ours + "\n");
    f.leave_installation(theirs); // a line without its end, too
    BOOST_TEST(f.install_certificate().installation == theirs);
    BOOST_TEST(f.installation() == f.ours + "\n");
}

BOOST_AUTO_TEST_CASE(what_is_no_id_is_replaced_without_a_word) {
    server_disk f;
    for (const auto& text :
         {std::string(), std::string("\n"), std::string("N1 end\n"), std::string("a\\nb\n"),
          std::string("$(reboot)\n"), std::string("\0\x1b[31m\xff\n", 7), std::string(100'000, 'a') + "\n"}) {
        f.leave_installation(text);
        const auto out = f.create();
        BOOST_TEST((out.what == kind::ran));
        BOOST_TEST(out.installation == "");
        BOOST_TEST(f.installation() == f.ours + "\n");
    }
}

// Read-only, full, and with something in the way: the step goes on.
BOOST_AUTO_TEST_CASE(where_it_cannot_be_left_the_step_goes_on) {
    for (const char* trouble :
         {"mount -t tmpfs -o ro none /var/lib", "mount -t tmpfs -o nr_inodes=1 none /var/lib",
          "mount -t tmpfs -o size=4k none /var/lib; mkdir /var/lib/hosting-automator; "
          "printf %5000s x >/var/lib/full 2>/dev/null",
          "mkdir -p /var/lib/hosting-automator/installation",
          "mount -t tmpfs none /var/lib; mkfifo /var/lib/hosting-automator",
          "mkdir -p /var/lib/hosting-automator; mkfifo /var/lib/hosting-automator/installation",
          "rmdir /var/lib"}) {
        server_disk f;
        f.prepare(trouble);
        const auto out = f.create();
        BOOST_TEST_CONTEXT(trouble) {
            BOOST_TEST((out.what == kind::ran));
            BOOST_TEST(out.installation == "");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_probe_asks_and_changes_nothing) {
    server_disk f;
    f.install("dpkg-query", "printf 2.5.4-3");
    // The lock is somebody's: a probe needs none.
    f.prepare("exec 8>>/run/lock/hosting-automator.lock; flock 8");
    const auto out = parse_probe_output(f.run(probe_command(shell_word("N1"), 5s, false)), "N1");
    BOOST_TEST(out.ended);
    BOOST_TEST(out.facts.version == "2.5.4-3");
    BOOST_TEST(out.facts.lacks.empty());
    BOOST_TEST(out.clpctl_status == 0);
    BOOST_TEST(out.clpctl_out == "done\n\n");
    BOOST_TEST(f.calls() == "vhost-templates:list\n");
    BOOST_TEST(f.processes() == "timeout\ntimeout\n");
    BOOST_TEST(f.installation() == "");
}

BOOST_AUTO_TEST_CASE(the_one_that_cannot_be_replaced_is_told_again) {
    server_disk f;
    f.leave_installation(theirs + "\n");
    f.prepare("mount --bind /var/lib /var/lib; mount -o remount,ro,bind /var/lib");
    BOOST_TEST(f.create().installation == theirs);
    BOOST_TEST(f.create().installation == theirs);
    BOOST_TEST(f.installation() == theirs + "\n");
}

BOOST_AUTO_TEST_SUITE_END()
