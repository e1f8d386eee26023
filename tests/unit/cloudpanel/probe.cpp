#include "adapters/cloudpanel/probe.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting::cloudpanel;

BOOST_AUTO_TEST_SUITE(probe_outputs)

BOOST_AUTO_TEST_CASE(everything_in_its_place) {
    const auto out = parse_probe_output("motd\nN1 begin\nN1 lacks flock\r\nN1 version 2.5.4\nN1 run\nStatic\n"
                                        "N2 exit 9\n\nN1 exit 0\nN1 end\n",
                                        "N1");
    BOOST_TEST(out.began);
    BOOST_TEST(out.ended);
    BOOST_TEST(out.facts.version == "2.5.4");
    BOOST_TEST(out.facts.lacks == std::vector<std::string>{"flock"});
    BOOST_TEST(out.clpctl_status == 0);
    BOOST_TEST(out.clpctl_out == "Static\nN2 exit 9\n\n");
}

BOOST_AUTO_TEST_CASE(what_did_not_come_to_its_end_is_no_answer) {
    for (const char* text :
         {"", "N1 end\n", "N1 begin\nN1 run\n", "N1 begin\nN1 end\n", "N1 exit 0\nN1 end\n",
          "N1 begin\nN1 exit x\nN1 end\n", "N1begin\nN1 exit 0\nN1 end\n"})
        BOOST_TEST(!parse_probe_output(text, "N1").ended, text);
}

BOOST_AUTO_TEST_CASE(words_of_the_server_are_bounded_and_harmless) {
    std::string text = "N1 begin\nN1 version \x1b[2J" + std::string(1'000, 'v') + "\n";
    for (int i = 0; i < 100; ++i)
        text += "N1 lacks x\n";
    const auto out = parse_probe_output(text, "N1");
    BOOST_TEST(out.facts.version.size() <= 60U);
    BOOST_TEST(out.facts.version.find('\x1b') == std::string::npos);
    BOOST_TEST(out.facts.lacks.size() == 8U);
}

BOOST_AUTO_TEST_SUITE_END()
