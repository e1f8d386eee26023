#include "adapters/cloudpanel/places.hpp"

#include "tests/unit/ssh/memory_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::cloudpanel;
using namespace std::chrono_literals;

namespace {

const moment now{steady_time(1000h), wall_time(20'000h * 24)};

server row(std::string id, std::string address = "192.0.2.1") {
    server s;
    s.id = std::move(id);
    s.name = "web " + s.id;
    s.address = std::move(address);
    return s;
}

struct known {
    std::vector<server_facts> remembered;
    test::memory_log lines;
    places all{[this](server_facts f) { remembered.push_back(std::move(f)); }, lines};
};

} // namespace

BOOST_AUTO_TEST_SUITE(known_places)

BOOST_AUTO_TEST_CASE(a_digest_is_the_beginning_of_sha_256) {
    BOOST_TEST(digest_of(secret("abc")) == "ba7816bf8f01cfea");
    BOOST_TEST(digest_of(secret()) == "e3b0c44298fc1c14");
}

BOOST_AUTO_TEST_CASE(a_key_is_the_rows_own_and_known_for_a_while) {
    known f;
    BOOST_TEST(!f.all.key(row("1")));
    BOOST_TEST(!f.all.is_fresh(row("1"), 5s, now.steady));
    BOOST_TEST(!f.all.set_key(row("1"), secret("a"), now.steady));
    BOOST_TEST(!f.all.key(row("2")));
    BOOST_TEST(!f.all.set_key(row("2"), secret("b"), now.steady));
    BOOST_TEST(f.all.key(row("1"))->reveal() == "a");
    BOOST_TEST(f.all.is_fresh(row("1"), 5s, now.steady + 4s));
    BOOST_TEST(!f.all.is_fresh(row("1"), 5s, now.steady + 5s));
    BOOST_TEST(!f.all.set_key(row("1"), secret("a"), now.steady + 5s));
    BOOST_TEST(f.all.is_fresh(row("1"), 5s, now.steady + 9s));
    BOOST_TEST(f.all.set_key(row("1"), secret("c"), now.steady + 10s));
    BOOST_TEST(!f.all.set_key(row("1"), secret("a"), now.steady + 9s)); // overtaken by the newer answer
    BOOST_TEST(f.all.key(row("1"))->reveal() == "c");
    BOOST_TEST(!f.all.key(row("1", "192.0.2.2"))); // another place
    BOOST_TEST(f.remembered.empty());
}

BOOST_AUTO_TEST_CASE(a_change_is_remembered_once) {
    known f;
    (void)f.all.set_key(row("1"), secret("a"), now.steady);
    const auto key = digest_of(secret("a"));
    f.all.note_login(row("1"), key, std::nullopt, now);
    f.all.note_login(row("1"), key, std::nullopt, now);
    f.all.note_work(row("1"), false);
    BOOST_REQUIRE(f.remembered.size() == 1U);
    BOOST_TEST((f.remembered.back() == server_facts{"root@192.0.2.1:22", key, false, std::nullopt}));
    f.all.note_work(row("1"), true);
    f.all.note_work(row("1"), true);
    BOOST_TEST(f.remembered.size() == 2U);
    BOOST_TEST(f.remembered.back().panel_worked);
    f.all.note_login(row("1"), key, failure{errc::ssh_unreachable, "down"}, now);
    BOOST_TEST(f.remembered.size() == 2U);
    f.all.note_login(row("1"), key, failure{errc::ssh_auth, "no"}, now);
    BOOST_REQUIRE(f.remembered.size() == 3U);
    BOOST_TEST((f.remembered.back().refused->why.code == errc::ssh_auth_revoked));
    BOOST_TEST(f.remembered.back().refused->key == key);
    f.all.forget_refusals();
    f.all.forget_refusals();
    BOOST_REQUIRE(f.remembered.size() == 4U);
    BOOST_TEST(!f.remembered.back().refused.has_value());
}

BOOST_AUTO_TEST_CASE(a_refusal_is_the_rows_whose_key_it_met) {
    known f;
    (void)f.all.set_key(row("1"), secret("a"), now.steady);
    (void)f.all.set_key(row("2"), secret("b"), now.steady);
    f.all.note_login(row(""), digest_of(secret("a")), failure{errc::ssh_auth, "no"}, now);
    BOOST_TEST((f.all.refusal(row("1"), now.steady)->code == errc::ssh_auth));
    BOOST_TEST(!f.all.refusal(row("2"), now.steady));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_forgotten_with_the_last_row_that_has_its_key) {
    known f;
    for (const char* id : {"1", "2"})
        (void)f.all.set_key(row(id), secret("a"), now.steady);
    f.all.note_login(row(""), digest_of(secret("a")), failure{errc::ssh_auth, "no"}, now);
    BOOST_TEST(f.all.set_key(row("1"), secret("b"), now.steady));
    BOOST_TEST(!f.all.refusal(row("1"), now.steady));
    BOOST_TEST(f.all.refusal(row("2"), now.steady));
    BOOST_TEST(f.all.set_key(row("2"), secret("b"), now.steady));
    BOOST_TEST(!f.remembered.back().refused.has_value());
    BOOST_TEST(f.all.set_key(row("1"), secret("a"), now.steady)); // one more change of the row: one more try
    BOOST_TEST(!f.all.refusal(row("1"), now.steady));
}

BOOST_AUTO_TEST_CASE(what_is_recalled_stands_and_is_not_handed_back) {
    known f;
    const auto key = digest_of(secret("a"));
    const failure why{errc::ssh_auth, "no"};
    server_facts refuses;
    refuses.place = "root@192.0.2.1:22";
    refuses.refused.emplace();
    refuses.refused->why = why;
    refuses.refused->key = key;
    refuses.refused->until = now.wall + 10min;
    f.all.recall({refuses, {"root@192.0.2.2:22", key, true, std::nullopt}}, now);
    BOOST_TEST(!f.all.refusal(row("1"), now.steady)); // no key was read yet
    for (const char* address : {"192.0.2.1", "192.0.2.2"})
        (void)f.all.set_key(row("1", address), secret("a"), now.steady);
    BOOST_TEST((*f.all.refusal(row("1"), now.steady) == why));
    BOOST_TEST(!f.all.refusal(row("1"), now.steady + 10min));
    BOOST_TEST((f.all.note_failure(row("1", "192.0.2.2"), {errc::clpctl_missing, "none"}, now).code ==
                errc::clpctl_gone));
    BOOST_TEST(f.remembered.size() == 1U);
}

BOOST_AUTO_TEST_CASE(another_installation_is_one_warning_an_hour) {
    known f;
    f.all.note_installation(row("1"), "aa-1", now.steady);
    f.all.note_installation(row("1"), "aa-1", now.steady + 59min);
    f.all.note_installation(row("2"), "aa-1", now.steady + 59min); // the same place
    BOOST_REQUIRE(f.lines.lines().size() == 1U);
    BOOST_TEST(f.lines.lines().front() ==
               "warning another installation of the hosting automator (id aa-1) works on this server too, or "
               "this one lost its state folder");
    f.all.note_installation(row("1"), "bb-2", now.steady + 59min);
    f.all.note_installation(row("3", "192.0.2.2"), "aa-1", now.steady + 59min);
    BOOST_TEST(f.lines.lines().size() == 3U);
    f.all.note_installation(row("1"), "aa-1", now.steady + 60min);
    BOOST_TEST(f.lines.lines().size() == 4U);
}

BOOST_AUTO_TEST_SUITE_END()
