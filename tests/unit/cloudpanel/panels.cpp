// The port at work: over a real sshd, with the real scripts on a disk of their own.
#include "adapters/cloudpanel/cloudpanel.hpp"
#include "adapters/cloudpanel/places.hpp"
#include "tests/unit/cloudpanel/temporary_root.hpp"
#include "tests/unit/ssh/files.hpp"
#include "tests/unit/ssh/pool_fixture.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <mutex>
#include <optional>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;
using boost::asio::awaitable;
using boost::test_tools::assertion_result;

namespace {

const std::string ours = "0b5c1f7e-1111-4222-8333-444455556666";

assertion_result sshd_and_disk(boost::unit_test::test_unit_id id) {
    auto there = sshd::there(id);
    return there ? temporary_root::there(id) : there;
}

// One server, rows that name it, and the panels of one life after the other.
struct panel_server : pool_fixture {
    panel_server()
        : server("ForceCommand " + disk.entrance())
        , good(server.make_key("id", "-t ed25519"))
        , bad(stranger.make_key("bad", "-t ed25519")) {
        disk.install("clpctl", answer);
        row_keys["row"] = good;
        start_life({});
    }
    ~panel_server() { close(); }

    // What was remembered is all that the next life knows.
    void start_life(std::vector<server_facts> known) {
        if (pool) close();
        panels.reset();
        make_pool(server);
        panels = cloudpanel::make_panels(
            loop.get_executor(), {60s, 60s, 0ms}, *pool,
            [this](std::string id) { return row_key(std::move(id)); },
            [this](server_facts f) {
                const std::lock_guard lock(mutex);
                facts = std::move(f);
            },
            lines);
        panels->recall(std::move(known), ours);
    }
    void next_life() { start_life(facts ? std::vector{*facts} : std::vector<server_facts>{}); }

    awaitable<result<secret>> row_key(std::string id) {
        const std::lock_guard lock(mutex);
        co_return secret(row_keys[id]);
    }
    hosting::server at_row(const std::string& id) const {
        hosting::server s;
        s.id = id;
        s.name = "web";
        s.address = "127.0.0.1";
        s.port = server.port();
        s.user = user;
        return s;
    }

    // As many looks at once; what they came to. `knew`: whether a refusal was remembered when each returned.
    std::vector<result<site_view>> look(std::size_t times, const std::string& row = "row") {
        std::vector<result<site_view>> all(times);
        std::vector<awaitable<void>> jobs;
        const auto one = [this, row](result<site_view>& into) -> awaitable<void> {
            auto where = at_row(row);
            std::string domain = "example.com";
            into = co_await panels->look(std::move(where), std::move(domain));
            const std::lock_guard lock(mutex);
            unremembered += !into && !(facts && facts->refused) ? 1 : 0;
        };
        for (auto& r : all)
            jobs.push_back(one(r));
        run(std::move(jobs));
        return all;
    }
    std::optional<errc> look(const std::string& row = "row") {
        const auto all = look(1, row);
        return all.front() ? std::nullopt : std::optional(all.front().error().code);
    }
    result<creation_result> create(const fence& guard = {}) {
        result<creation_result> made;
        std::vector<awaitable<void>> jobs;
        const auto one = [this, guard](result<creation_result>& into) -> awaitable<void> {
            auto where = at_row("row");
            creation what{"example.com", "user_examplecom", false, guard};
            into = co_await panels->create_site(std::move(where), std::move(what));
        };
        jobs.push_back(one(made));
        run(std::move(jobs));
        return made;
    }
    std::optional<errc> create_fails(const fence& guard = {}) {
        const auto made = create(guard);
        return made ? std::nullopt : std::optional(made.error().code);
    }

    void accept(const std::string& name) const {
        write_file(server.folder() / "authorized_keys", public_key(name));
    }
    std::string public_key(const std::string& name) const {
        return read_file(server.folder() / (name + ".pub"));
    }
    void cut_connections() {
        server.kill();
        server.start();
    }
    std::size_t refused_logins() const { return count_of("Failed publickey", server.log()); }
    std::size_t logins() const { return count_of("Accepted publickey", server.log()); }
    std::size_t connections() const { return pool->count().connects; }
    std::size_t calls() const { return count_of("\n", read_file(disk / "calls")); }

    temporary_root disk;
    const std::string answer =
        "echo \"$@\" >>" + (disk / "calls").string() + "; echo Site example.com has been added.";
    sshd stranger;
    sshd server;
    const std::string user = server.user();
    const std::string good, bad;
    std::mutex mutex; // guards what follows
    std::map<std::string, std::string> row_keys;
    std::optional<server_facts> facts; // the last ones
    unsigned unremembered = 0;         // calls that failed before anything was remembered
    std::unique_ptr<cloudpanel::panels> panels;
};

// A pool in which a refused login is followed by the next one before anybody else gets a turn. Real ones do
// that once in a thousand times.
class hasty_pool final : public ssh::pool {
public:
    awaitable<result<ssh::command_result>> run(ssh::endpoint where, ssh::key_source key,
                                               ssh::command) override {
        for (;;) {
            auto asked = key(where);
            const auto given = co_await std::move(asked);
            if (!given) co_return given.error();
            ++logins;
            heard_(where, *given, failure{errc::ssh_auth, "no"});
        }
    }
    void retire(ssh::endpoint) override {}
    awaitable<void> close() override { co_return; }
    void on_login(ssh::login_listener listener) override { heard_ = std::move(listener); }
    ssh::counts count() const override { return {}; }

    unsigned logins = 0;

private:
    ssh::login_listener heard_;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_refused_key_is_withheld_from_a_pool_that_is_in_a_hurry) {
    pool_fixture f(1);
    hasty_pool pool;
    std::vector<server_facts> facts;
    const auto panels = cloudpanel::make_panels(
        f.loop.get_executor(), {}, pool,
        [](std::string) -> awaitable<result<secret>> { co_return secret("k"); },
        [&](server_facts known) { facts.push_back(std::move(known)); }, f.lines);
    result<site_view> seen;
    const auto look = [&]() -> awaitable<void> {
        hosting::server where;
        std::string domain = "example.com";
        seen = co_await panels->look(std::move(where), std::move(domain));
        BOOST_TEST(facts.size() == 1U);
    };
    std::vector<awaitable<void>> jobs;
    jobs.push_back(look());
    f.run(std::move(jobs));
    BOOST_TEST(pool.logins == 1U);
    BOOST_TEST((seen.error() == facts.front().refused->why));
}

BOOST_AUTO_TEST_SUITE(panels_and_sshd, *boost::unit_test::precondition(sshd_and_disk))

BOOST_AUTO_TEST_CASE(a_site_is_made_and_the_facts_are_remembered) {
    panel_server f;
    const auto made = f.create();
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((made->what == creation_result::kind::created));
    BOOST_TEST(f.calls() == 1U);
    BOOST_TEST(read_file(f.disk / "var/lib/hosting-automator/installation") == ours + "\n");
    BOOST_REQUIRE(f.facts.has_value());
    const auto digest = cloudpanel::digest_of(secret(f.good));
    BOOST_TEST((*f.facts == server_facts{place_of(f.at_row("row")), digest, true, std::nullopt}));
}

BOOST_AUTO_TEST_CASE(a_refused_key_is_one_login_whatever_the_number_of_calls_and_lives) {
    panel_server f;
    f.row_keys["row"] = f.bad;
    for (int i = 0; i < 3; ++i) {
        const auto all = f.look(100);
        for (const auto& r : all) {
            BOOST_REQUIRE(r.has_error());
            BOOST_TEST((r.error() == all.front().error()));
            BOOST_TEST((r.error().code == errc::ssh_auth));
        }
    }
    BOOST_TEST(count_of("; the server is tried again", f.look(1).front().error().detail) == 1U);
    BOOST_TEST(f.unremembered == 0U);
    f.next_life();
    BOOST_TEST((f.look(100).front().error().code == errc::ssh_auth));
    BOOST_TEST(f.connections() == 0U);
    f.server.wait_for_log("Failed publickey");
    BOOST_TEST(f.refused_logins() == 1U);

    f.row_keys["row"] = f.good;
    BOOST_TEST(!f.look().has_value());
    BOOST_TEST(!f.facts->refused.has_value());
    f.next_life();
    BOOST_TEST(!f.look().has_value());
    BOOST_TEST(f.refused_logins() == 1U);
    BOOST_TEST(f.logins() == 2U);
}

BOOST_AUTO_TEST_CASE(a_key_that_was_taken_before_is_an_outage_until_an_operator_asks_again) {
    panel_server f;
    BOOST_TEST(!f.look().has_value());
    f.accept("none");
    f.cut_connections();
    f.next_life();
    for (const auto& r : f.look(20))
        BOOST_TEST((r.error().code == errc::ssh_auth_revoked));
    f.accept("id");
    BOOST_TEST((f.look() == errc::ssh_auth_revoked));
    BOOST_TEST(f.refused_logins() == 1U);
    f.panels->forget_refusals();
    BOOST_TEST(!f.look().has_value());
}

BOOST_AUTO_TEST_CASE(a_key_that_replaced_a_good_one_was_never_taken) {
    panel_server f;
    BOOST_TEST(!f.look().has_value());
    f.row_keys["row"] = f.bad;
    BOOST_TEST((f.look() == errc::ssh_auth)); // the session of the good one is of no use to it
    f.row_keys["row"] = f.good;
    BOOST_TEST(!f.look().has_value());
    BOOST_TEST(f.refused_logins() == 1U);
    BOOST_TEST(f.logins() == 2U);
}

BOOST_AUTO_TEST_CASE(rows_that_name_one_server_do_not_hammer_it_with_their_keys) {
    panel_server f;
    f.row_keys["wrong"] = f.bad;
    f.row_keys["wrong too"] = f.stranger.make_key("bad2", "-t ed25519");
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST((f.look("wrong") == errc::ssh_auth));
        BOOST_TEST((f.look("wrong too") == errc::ssh_auth));
        BOOST_TEST(!f.look("row").has_value());
    }
    f.cut_connections();
    // All wait for one login, and none is told what was refused to another one.
    std::map<std::string, result<site_view>> ends;
    std::vector<awaitable<void>> jobs;
    f.panels->forget_refusals();
    const auto one = [&f](std::string row, result<site_view>& into) -> awaitable<void> {
        auto where = f.at_row(row);
        std::string domain = "example.com";
        into = co_await f.panels->look(std::move(where), std::move(domain));
    };
    for (const char* row : {"wrong", "wrong too", "row"})
        jobs.push_back(one(row, ends[row]));
    f.run(std::move(jobs));
    BOOST_TEST(ends["row"].has_value());
    BOOST_TEST(f.refused_logins() <= 4U);
}

BOOST_AUTO_TEST_CASE(a_replaced_host_key_is_an_outage_where_we_worked_before) {
    panel_server f;
    const std::string line = "[127.0.0.1]:" + std::to_string(f.server.port()) + " ";
    BOOST_TEST(!f.look().has_value());
    f.server.kill();
    f.server.new_host_key();
    f.server.start();
    f.next_life();
    const auto all = f.look(20);
    for (const auto& r : all)
        BOOST_TEST((r.error() == all.front().error()));
    BOOST_TEST((all.front().error().code == errc::ssh_host_key_replaced));
    BOOST_TEST(all.front().error().detail.find("ssh-keygen -f ") != std::string::npos);
    BOOST_TEST(f.connections() == 1U);
    BOOST_TEST((f.facts->refused->why.code == errc::ssh_host_key_replaced));
    write_file(f.settings.known_hosts, line + f.server.host_key());
    f.panels->forget_refusals();
    BOOST_TEST(!f.look().has_value());
}

BOOST_AUTO_TEST_CASE(a_wrong_host_key_from_the_beginning_is_a_persons) {
    panel_server f;
    std::filesystem::create_directories(f.settings.known_hosts.parent_path());
    write_file(f.settings.known_hosts,
               "[127.0.0.1]:" + std::to_string(f.server.port()) + " " + f.stranger.host_key());
    BOOST_TEST((f.look() == errc::ssh_host_key));
    BOOST_TEST((f.look() == errc::ssh_host_key));
    BOOST_TEST(f.connections() == 1U);
}

BOOST_AUTO_TEST_CASE(a_clpctl_that_is_missing_is_looked_for_again_later) {
    panel_server f;
    std::filesystem::remove(f.disk / "bin/clpctl");
    BOOST_TEST((f.create_fails() == errc::clpctl_missing));
    f.disk.install("clpctl", f.answer);
    BOOST_TEST((f.create_fails() == errc::clpctl_missing));
    BOOST_TEST((f.look() == errc::clpctl_missing)); // every call: it says nothing new
    f.panels->forget_refusals();
    BOOST_TEST(!f.create_fails().has_value());
    std::filesystem::remove(f.disk / "bin/clpctl");
    BOOST_TEST((f.create_fails() == errc::clpctl_gone));
    BOOST_TEST((f.facts->refused->why.code == errc::clpctl_gone));
    BOOST_TEST(f.facts->panel_worked);
    f.disk.install("clpctl", f.answer);
    f.next_life(); // looks at once
    BOOST_TEST(!f.create_fails().has_value());
    BOOST_TEST(!f.facts->refused.has_value());
}

BOOST_AUTO_TEST_CASE(only_an_answer_shows_that_the_panel_works) {
    panel_server f;
    const auto worked = [&](const std::string& clpctl) {
        f.disk.install("clpctl", clpctl);
        (void)f.create();
        return f.facts && f.facts->panel_worked;
    };
    BOOST_TEST(!worked("echo Could not open input file: /home/clp/htdocs/app/files/bin/clpctl; exit 1"));
    BOOST_TEST(!worked("exit 124"));
    BOOST_TEST(!worked("exit 127"));
    f.panels->forget_refusals();
    BOOST_TEST(worked("echo domainName: This value already exists.; exit 1"));
    f.disk.install("clpctl", "echo 'Command \"site:add:static\" is not defined.' >&2; exit 1");
    BOOST_TEST((f.create_fails() == errc::clpctl_privilege_gone));
}

BOOST_AUTO_TEST_CASE(an_orphan_of_this_very_site_is_told) {
    panel_server f;
    f.disk.add_user("user_examplecom");
    auto made = f.create();
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((made->what == creation_result::kind::user_used));
    BOOST_TEST(!made->orphan);
    std::filesystem::create_directories(f.disk / "home/user_examplecom/htdocs/example.com");
    made = f.create();
    BOOST_REQUIRE(made.has_value());
    BOOST_TEST((made->what == creation_result::kind::user_used));
    BOOST_TEST(made->orphan);
}

BOOST_AUTO_TEST_CASE(another_installation_is_warned_of) {
    panel_server f;
    const auto warnings = [&] {
        const auto all = f.lines.lines();
        return std::ranges::count_if(
            all, [](const auto& l) { return l.starts_with("warning another installation"); });
    };
    (void)f.create();
    BOOST_TEST(warnings() == 0);
    write_file(f.disk / "var/lib/hosting-automator/installation", "9f1c2d3e\n");
    BOOST_TEST(f.create().has_value());
    BOOST_TEST(f.create().has_value());
    BOOST_TEST(warnings() == 1);
}

BOOST_AUTO_TEST_CASE(new_limits_are_for_the_calls_from_then_on) {
    panel_server f;
    f.disk.install("clpctl", "sleep 2");
    BOOST_TEST((f.create_fails() == errc::panel_unexpected_answer)); // it came to its end
    f.panels->reconfigure({1s, 9s, 0ms});
    BOOST_TEST((f.create_fails() == errc::step_timeout));
}

BOOST_AUTO_TEST_CASE(a_lease_that_was_lost_ends_the_step) {
    panel_server f;
    BOOST_TEST(!f.create_fails({"11f0-a2", 7}).has_value());
    BOOST_TEST((f.create_fails({"11f0-a2", 6}) == errc::lease_lost));
    BOOST_TEST(!f.create_fails({"11f0-b3", 6}).has_value());
    BOOST_TEST(f.calls() == 2U);
    write_file(f.disk / "var/lib/hosting-automator/fence/11f0-a2/example.com", "x");
    const auto broken = f.create({"11f0-a2", 8});
    BOOST_TEST((broken.error().code == errc::panel_unexpected_answer));
    BOOST_TEST(broken.error().detail == "the fence on the server cannot be kept: "
                                        "/var/lib/hosting-automator/fence/11f0-a2/example.com cannot be "
                                        "read or holds no number");
}

BOOST_AUTO_TEST_SUITE_END()
