#include "core/explanation.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace std::chrono_literals;

namespace {

const wall_time now = std::chrono::sys_days(std::chrono::year{2026} / 11 / 1) + 12h;
const std::string place = "root@192.0.2.1:22";

// A row that waits on one server, and what may be remembered of both.
struct scene {
    std::vector<server> servers{{"s1", "alpha", "192.0.2.1", 22, "root", true}};
    memories known;
    std::optional<site> row;
    std::optional<site_record> record;
    bool supabase_answers = true;
    bool nobody_works = false;

    scene() {
        row.emplace();
        row->id = "7";
        row->domain = "example.com";
        row->server_id = "s1";
        row->status_dns = "active";
        row->status_hosting = "pending";
    }

    site_record& remember(errc code, stage at = stage::certificate, wall_time next = now + 10min) {
        record = site_record{"7", "example.com", "s1", next, {}};
        record->progress.attempts[static_cast<std::size_t>(at)] = 2;
        record->progress.at = at;
        record->progress.last = {code, "it went wrong"};
        record->progress.failed_since = now - 1h;
        return *record;
    }

    explanation tell() const {
        known_world world;
        if (supabase_answers) world.servers = &servers;
        world.memory = &known;
        world.nobody_works = nobody_works;
        world.orders_per_server_per_3h = 2;
        world.now = now;
        return explain(row, record, world);
    }
    std::string verdict() const { return tell().verdict; }
    std::vector<std::string> facts(const std::string& name) const {
        std::vector<std::string> texts;
        for (const auto& fact : tell().facts)
            if (fact.name == name) texts.push_back(fact.text);
        return texts;
    }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

} // namespace

BOOST_FIXTURE_TEST_SUITE(explanations, scene)

BOOST_AUTO_TEST_CASE(what_the_hub_does_not_ask_for) {
    row->status_hosting = "active";
    BOOST_TEST(verdict() == "it is done: status_hosting is 'active'");
    row->status_hosting = "failed";
    row->error_message = "E_X: broken; you must act";
    BOOST_TEST(verdict() == "it failed, and is not tried again by itself: E_X: broken; you must act");
    BOOST_TEST(tell().who == "mend that, then set status_hosting to 'pending'");
    row->status_hosting = std::nullopt;
    BOOST_TEST(verdict() == "nobody has asked for it: status_hosting is null, not 'pending'");
    row->status_hosting = "pending";
    row->status_dns = "pending";
    nobody_works = true; // is not the reason
    BOOST_TEST(verdict() == "its DNS is not ready: status_dns is 'pending', and work begins at 'active'");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_worked_on) {
    row->domain = "x;y";
    BOOST_TEST(verdict().starts_with("it fails at the next poll: E_DOMAIN_INVALID: "));
    BOOST_TEST(tell().who == "correct the domain in the Management Hub");
    row->domain = "example.com";
    row->server_id = "s9";
    BOOST_TEST(verdict().starts_with("it fails at the next poll: E_SERVER_UNKNOWN: "));
    row->server_id = "s1";
    servers[0].active = false;
    BOOST_TEST(verdict() == "its server 'alpha' is paused (is_active is false), so it waits");
}

BOOST_AUTO_TEST_CASE(nothing_keeps_it) {
    BOOST_TEST(verdict() == "nothing keeps it: it is running, or begins with the next poll");
    BOOST_TEST(tell().who == "");
    remember(errc::cert_dns).next_attempt = now;
    BOOST_TEST(verdict().starts_with("nothing keeps it: its next attempt is due"));
    nobody_works = true;
    BOOST_TEST(
        verdict().starts_with("no daemon is running here, so nothing is done; when one is: nothing keeps"));
    BOOST_TEST(tell().who == "start the service hosting-automator");
}

BOOST_AUTO_TEST_CASE(a_next_attempt_is_waited_for) {
    auto& progress = remember(errc::cert_dns).progress;
    progress.first_refusal = now - 50min;
    BOOST_TEST(verdict() ==
               "it waits for its next attempt, 2026-11-01T12:10:00Z (in 10 min), after its stage "
               "certificate failed: E_CERT_DNS: it went wrong");
    BOOST_TEST(tell().who == "the domain's DNS must point to the server");
    BOOST_TEST(facts("failed attempts").at(0) ==
               "site 0 of 8, certificate 2 of 8, analytics 0 of 3, report 0 of 8");
    BOOST_TEST(facts("failing since").at(0) == "2026-11-01T11:00:00Z (60 min ago)");
    BOOST_TEST(facts("first refusal").at(0) == "2026-11-01T11:10:00Z (50 min ago)");
    BOOST_TEST(facts("last failure").at(0) == "stage certificate: E_CERT_DNS: it went wrong");
    BOOST_TEST(facts("next attempt").at(0) == "2026-11-01T12:10:00Z (in 10 min)");
}

BOOST_AUTO_TEST_CASE(a_record_of_another_request_is_none) {
    remember(errc::cert_dns).domain = "old.com";
    BOOST_TEST(verdict().starts_with("nothing keeps it"));
    BOOST_TEST(facts("remembered").at(0) == "of another domain or server of this row: it is dropped");
    BOOST_TEST(facts("next attempt").empty());
    remember(errc::cert_dns).server_id = "";
    BOOST_TEST(verdict().starts_with("nothing keeps it"));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_down_keeps_it) {
    remember(errc::cert_dns);
    known.incidents.push_back({"root@192.0.2.9:22", {errc::panel_broken, "other"}, now, 0, now});
    BOOST_TEST(facts("server down").empty());
    known.incidents.push_back({place, {errc::ssh_unreachable, "refused"}, now - 3h, 4, now + 2min});
    BOOST_TEST(verdict() ==
               "it waits for its server 'alpha', which cannot be used since 2026-11-01T09:00:00Z "
               "(3 h ago): E_SSH_UNREACHABLE: refused");
    BOOST_TEST(tell().who == "the server's administrator must act");
    BOOST_TEST(facts("server down").at(0) == place +
                                                 " since 2026-11-01T09:00:00Z (3 h ago): E_SSH_UNREACHABLE: "
                                                 "refused; 4 probes failed; next probe "
                                                 "2026-11-01T12:02:00Z (in 2 min)");
}

BOOST_AUTO_TEST_CASE(a_server_that_refused_us_keeps_it_for_a_while) {
    server_facts facts_of;
    facts_of.place = place;
    facts_of.refused.emplace();
    facts_of.refused->why = {errc::ssh_auth, "no"};
    facts_of.refused->until = now + 30min;
    known.servers.push_back(facts_of);
    BOOST_TEST(
        verdict() ==
        "its server 'alpha' refused us and is left in peace until 2026-11-01T12:30:00Z: E_SSH_AUTH: no");
    BOOST_TEST(tell().who == "put the right key into the server's row, or on the server");
    known.servers[0].refused->until = now;
    BOOST_TEST(verdict().starts_with("nothing keeps it"));
}

BOOST_AUTO_TEST_CASE(orders_and_the_budget) {
    known.orders = {
        {1, place, "example.com", now - 2h, order_end::validation_refused, std::nullopt},
        {2, place, "other.net", now - 1h, order_end::issued, std::nullopt},
        {3, "root@192.0.2.9:22", "www.example.com", now - 30h, order_end::rate_limited, now - 20h}};
    const auto orders = facts("order");
    BOOST_REQUIRE(orders.size() == 2U); // the newest first; www. is ordered together with its domain
    BOOST_TEST(orders[0] == "2026-11-01T10:00:00Z (2 h ago) on " + place + ": the validation failed");
    BOOST_TEST(has(orders[1], ": Let's Encrypt refused for now, none before 2026-10-31T16:00:00Z"));
    BOOST_TEST(facts("certificate budget").at(0) ==
               "0 of 2 orders are left on its server for 3 hours; no order for this domain before "
               "2026-11-01T13:00:00Z (in 60 min): the server sent its 2 orders of 3 hours");
    remember(errc::cert_budget);
    BOOST_TEST(has(verdict(), "Let's Encrypt's limits, as counted here, allow no certificate order before"));
    BOOST_TEST(tell().who == "nobody has to: the limits refill by themselves");
}

BOOST_AUTO_TEST_CASE(an_outcome_that_is_not_written_yet) {
    auto& progress = remember(errc::supabase_unreachable, stage::report).progress;
    progress.undelivered.emplace();
    progress.undelivered->what.what = outcome::kind::failed;
    progress.undelivered->what.error_message = "E_X: broken";
    BOOST_TEST(has(verdict(), "its outcome is decided, but could not be written to its row yet: "));
    BOOST_TEST(facts("not yet written").at(0) == "failed: E_X: broken");
}

BOOST_AUTO_TEST_CASE(from_memory_alone) {
    supabase_answers = false;
    row.reset();
    remember(errc::cert_dns);
    known.incidents.push_back({place, {errc::ssh_unreachable, "refused"}, now, 0, now});
    BOOST_TEST(verdict().starts_with("it waits for its next attempt, "));
    BOOST_TEST(facts("server down").size() == 1U); // whose it is cannot be known
    BOOST_TEST(facts("row").empty());
    BOOST_TEST(facts("certificate budget").empty());
}

BOOST_AUTO_TEST_CASE(a_row_that_is_gone) {
    row.reset();
    remember(errc::cert_dns);
    BOOST_TEST(verdict() == "its row is gone: what is remembered of it is dropped");
}

BOOST_AUTO_TEST_CASE(hostile_texts_are_harmless) {
    row->status_hosting = "failed\x1b[2J";
    row->error_message = "\x1b]0;x\x07\n" + std::string(2'000, 'e');
    row->document_root = "/home/\xff\r";
    row->domain = "a\tb";
    remember(errc::cert_dns).progress.last.detail = "a\x1b[31m\nb";
    record->domain = row->domain;
    servers[0].name = "al\x1bpha";
    auto told = tell();
    std::string all = told.site_id + told.domain + told.verdict + told.who;
    for (const auto& fact : told.facts)
        all += fact.name + fact.text;
    for (const char c : all)
        BOOST_TEST(static_cast<unsigned char>(c) >= 0x20);
    BOOST_TEST(facts("error_message").at(0).size() < 600U);
}

BOOST_AUTO_TEST_CASE(a_domain_is_known_in_every_spelling) {
    BOOST_TEST(is_same_domain(" Example.COM\n", "example.com"));
    BOOST_TEST(is_same_domain("b\xC3\xBC"
                              "cher.de",
                              "XN--BCHER-KVA.de"));
    BOOST_TEST(!is_same_domain("example.com", "www.example.com"));
    BOOST_TEST(is_same_domain(" X;y", "x;Y "));
    BOOST_TEST(!is_same_domain("x;y", "xy.com"));
}

BOOST_AUTO_TEST_SUITE_END()
