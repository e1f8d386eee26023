#include "adapters/cloudpanel/script_output.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting::cloudpanel;
using kind = script_output::kind;

namespace {

script_output parse(std::string_view text) { return parse_script_output(text, "N1"); }

} // namespace

BOOST_AUTO_TEST_SUITE(script_outputs)

BOOST_AUTO_TEST_CASE(a_command_that_ran) {
    const auto out =
        parse("N1 begin\nN1 run\nSite example.com has been added.\n\nN1 exit 0\nN1 view\nN1 vhost\n"
              "root /home/user_x/htdocs/example.com;\nroot /elsewhere;\n-----BEGIN CERTIFICATE-----\nAB\n"
              "-----END CERTIFICATE-----\nN1 end\n");
    BOOST_TEST((out.what == kind::ran));
    BOOST_TEST(out.clpctl_status == 0);
    BOOST_TEST(out.clpctl_out == "Site example.com has been added.\n\n");
    BOOST_TEST(out.vhost);
    BOOST_TEST(out.vhost_root == "/home/user_x/htdocs/example.com");
    BOOST_TEST(out.certificate == "-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----\n");
    const auto view = view_of(out, "example.com");
    BOOST_TEST(view.exists);
    BOOST_TEST(view.owner == "user_x");
    BOOST_TEST(!view.installed->readable); // AB is no certificate
}

BOOST_AUTO_TEST_CASE(each_guard) {
    BOOST_TEST((parse("N1 begin\nN1 found\nN1 view\nN1 vhost\nN1 end\n").what == kind::found));
    BOOST_TEST((parse("N1 begin\nN1 user-used\nN1 view\nN1 end\n").what == kind::user_used));
    BOOST_TEST((parse("N1 begin\nN1 guard\nN1 view\nN1 end\n").what == kind::guard));
    BOOST_TEST((parse("N1 begin\nN1 view\nN1 end\n").what == kind::looked));
}

BOOST_AUTO_TEST_CASE(an_orphan_is_a_user_that_is_used) {
    BOOST_TEST(parse("N1 begin\nN1 user-used\nN1 orphan\nN1 view\nN1 end\n").orphan);
    BOOST_TEST(!parse("N1 begin\nN1 user-used\nN1 view\nN1 end\n").orphan);
    BOOST_TEST(!parse("N1 begin\nN1 found\nN1 orphan\nN1 view\nN1 end\n").orphan);
    BOOST_TEST(!parse("N1 begin\nN1 run\norphan\nN1 exit 0\nN1 view\norphan\nN1 end\n").orphan);
}

BOOST_AUTO_TEST_CASE(another_installation) {
    const auto seen = [](const std::string& line) {
        return parse("N1 begin\n" + line + "\nN1 found\nN1 view\nN1 end\n").installation;
    };
    BOOST_TEST(seen("N1 installation 9f1c2d3e-0a1b-4c2d-8e3f-001122334455") ==
               "9f1c2d3e-0a1b-4c2d-8e3f-001122334455");
    BOOST_TEST(seen("N1 installation " + std::string(64, 'a')) == std::string(64, 'a'));
    for (const auto& line :
         {std::string("N1 installation"), std::string("N1 installation "), std::string("N1 installation a b"),
          std::string("N1 installation a\x1b[0m"), "N1 installation " + std::string(65, 'a'),
          std::string("N2 installation a"), std::string("installation a")})
        BOOST_TEST(seen(line) == "");
}

BOOST_AUTO_TEST_CASE(the_lock) {
    BOOST_TEST((parse("N1 begin\nN1 lock 75\n").what == kind::lock_busy));
    BOOST_TEST((parse("N1 begin\nN1 lock 127\n").what == kind::lock_error));
    BOOST_TEST((parse("N1 begin\nN1 lock-error\n").what == kind::lock_error));
}

BOOST_AUTO_TEST_CASE(the_fence) {
    BOOST_TEST((parse("N1 begin\nN1 fenced 17\nN1 end\n").what == kind::fenced));
    const auto unkept =
        parse("N1 begin\nN1 fence-error /x cannot be written: Read-only file system \nN1 end\n");
    BOOST_TEST((unkept.what == kind::fence_error));
    BOOST_TEST(unkept.why == "/x cannot be written: Read-only file system ");
    BOOST_TEST((parse("N1 begin\nN1 fenced 17\n").what == kind::incomplete));
    BOOST_TEST((parse("N1 begin\nN1 fenced\nN1 end\n").what == kind::incomplete));
}

BOOST_AUTO_TEST_CASE(words_on_stderr_before_the_script_are_not_its_own) {
    BOOST_TEST(own_errors("perl: warning: x\nN1 begin\noh\n", "N1") == "oh\n");
    BOOST_TEST(own_errors("N1 begin\n", "N1") == "");
    BOOST_TEST(own_errors("no perl\n", "N1") == "no perl\n");
}

BOOST_AUTO_TEST_CASE(whatever_breaks_off_is_incomplete) {
    for (const auto* text :
         {"", "noise\n", "N1 begin\n", "N1 begin\nN1 run\nSite example.com has been added.\n",
          "N1 begin\nN1 run\nN1 exit 0\n", "N1 begin\nN1 run\nN1 exit 0\nN1 view\nN1 vhost\n", "N1 end\n",
          "N1 found\nN1 view\nN1 vhost\nN1 end\n", "N1 lock 75\n", "N2 begin\nN2 found\nN2 view\nN2 end\n"})
        BOOST_TEST((parse(text).what == kind::incomplete));
}

BOOST_AUTO_TEST_CASE(noise_before_the_script_and_what_clpctl_prints_decide_nothing) {
    const auto out =
        parse("Welcome!\nN0 found\nN1 begin\nN1 run\nN2 exit 0\nxN1 exit 7\nN1exit 7\n\nN1 exit 1\n"
              "N1 view\nN1 end\n");
    BOOST_TEST((out.what == kind::ran));
    BOOST_TEST(out.clpctl_status == 1);
    BOOST_TEST(out.clpctl_out == "N2 exit 0\nxN1 exit 7\nN1exit 7\n\n");
    BOOST_TEST(!out.vhost);
}

BOOST_AUTO_TEST_CASE(owners) {
    const auto owner = [](std::string_view root) {
        return view_of(parse("N1 begin\nN1 view\nN1 vhost\nroot " + std::string(root) + "\nN1 end\n"),
                       "x.com")
            .owner;
    };
    BOOST_TEST(owner("/home/john/htdocs/x.com;") == "john");
    BOOST_TEST(owner("\"/home/john/htdocs/x.com/public\";") == "john");
    BOOST_TEST(owner("/home/john;") == "");
    BOOST_TEST(owner("/home/../etc/x;") == "");
    BOOST_TEST(owner("/var/www/html;") == "");
    BOOST_TEST(owner("/home//x;") == "");
}

BOOST_AUTO_TEST_CASE(what_comes_after_the_end_changes_nothing) {
    const auto out =
        parse_script_output("N1 begin\nN1 fenced 7\nN1 end\nN1 guard\nN1 view\nroot /home/x/y;\n", "N1");
    BOOST_TEST((out.what == script_output::kind::fenced));
    BOOST_TEST(out.vhost_root.empty());
}

BOOST_AUTO_TEST_SUITE_END()
