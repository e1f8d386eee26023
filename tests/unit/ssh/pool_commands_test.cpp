// Commands on a real sshd: what they say and how they end.
#include "tests/unit/ssh/files.hpp"
#include "tests/unit/ssh/pool_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;

namespace {

struct server_and_pool : pool_fixture {
    explicit server_and_pool(unsigned threads = 4, const std::string& options = {})
        : pool_fixture(threads)
        , server(options)
        , id(server.make_key("id", "-t ed25519")) {
        make_pool(server);
    }
    result<ssh::command_result> run_one(const std::string& text, std::chrono::milliseconds deadline = 1min) {
        return pool_fixture::run_one(server, id, command(text, deadline));
    }

    sshd server;
    const std::string id;
};

void check_numbered(const std::vector<result<ssh::command_result>>& results) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        const auto& r = results[i];
        BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
        BOOST_TEST(r->status == static_cast<int>(i % 200));
        BOOST_TEST(r->out.text() == "out" + std::to_string(i) + "\n");
        BOOST_TEST(r->err.text() == "err" + std::to_string(i) + "\n");
    }
}

std::vector<ssh::command> numbered(int count) {
    std::vector<ssh::command> all;
    for (int i = 0; i < count; ++i) {
        const auto n = std::to_string(i);
        all.push_back(pool_fixture::command("echo out" + n + "; echo err" + n + " >&2; exit " +
                                            std::to_string(i % 200)));
    }
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pool_commands, *boost::unit_test::precondition(sshd::there))

BOOST_AUTO_TEST_CASE(many_commands_share_one_login) {
    server_and_pool f;
    check_numbered(f.run_all(f.server, f.id, numbered(100)));
    check_numbered(f.run_all(f.server, f.id, numbered(20)));
    BOOST_TEST(f.pool->count().connects == 1u);
    BOOST_TEST(f.pool->count().connected == 1u);
    f.close();
    f.run_until([&] { return f.pool->count().connected == 0u; });
    BOOST_TEST(count_of("Accepted publickey", f.server.log()) == 1u);
}

BOOST_AUTO_TEST_CASE(one_thread_is_enough) {
    server_and_pool f(1);
    check_numbered(f.run_all(f.server, f.id, numbered(100)));
    f.close();
    BOOST_TEST(count_of("Accepted publickey", f.server.log()) == 1u);
}

BOOST_AUTO_TEST_CASE(a_server_with_few_channels_makes_commands_wait) {
    server_and_pool f(4, "MaxSessions 2");
    check_numbered(f.run_all(f.server, f.id, numbered(40)));
    BOOST_TEST(count_of("Accepted publickey", f.server.log()) == 1u);
}

BOOST_AUTO_TEST_CASE(a_server_without_any_channel_is_no_success) {
    server_and_pool f(4, "MaxSessions 0");
    const auto r = f.run_one("true");
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_not_started), r.error().detail);
}

BOOST_AUTO_TEST_CASE(a_signal_is_no_exit_status) {
    server_and_pool f;
    const auto r = f.run_one("echo before; kill -TERM $$");
    BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
    BOOST_TEST((r->how == ssh::command_result::end::signalled));
    BOOST_TEST(r->signal == "TERM");
    BOOST_TEST(r->out.text() == "before\n");
}

BOOST_AUTO_TEST_CASE(standard_input_is_at_its_end) {
    server_and_pool f;
    const auto r = f.run_one("cat; echo done");
    BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
    BOOST_TEST(r->out.text() == "done\n");
}

BOOST_AUTO_TEST_CASE(a_flood_on_both_streams_is_read_and_bounded) {
    server_and_pool f;
    std::vector<ssh::command> both;
    both.push_back(f.command("echo first; head -c 6000000 /dev/zero | tr '\\0' x; echo last"));
    both.push_back(f.command("head -c 3000000 /dev/zero | tr '\\0' y >&2; exit 7"));
    both.push_back(f.command("echo small"));
    const auto results = f.run_all(f.server, f.id, std::move(both));
    for (const auto& r : results)
        BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
    const auto out = results[0]->out.text();
    BOOST_TEST(results[0]->out.total_bytes() == 6'000'011u);
    BOOST_TEST(out.starts_with("first\nxxx"));
    BOOST_TEST(out.ends_with("xxxlast\n"));
    BOOST_TEST(out.size() < 70'000u);
    BOOST_TEST(results[1]->err.total_bytes() == 3'000'000u);
    BOOST_TEST(results[1]->status == 7);
    BOOST_TEST(results[2]->out.text() == "small\n");
}

BOOST_AUTO_TEST_CASE(a_long_command_arrives_whole_and_a_longer_one_is_refused) {
    server_and_pool f;
    const std::string word(30'000, 'w');
    const auto r = f.run_one("printf %s " + word + " | wc -c");
    BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
    BOOST_TEST(r->out.text() == "30000\n");
    const auto refused = f.run_one(std::string(40'000, 'w'));
    BOOST_REQUIRE(refused.has_error());
    BOOST_TEST((refused.error().code == errc::internal));
}

BOOST_AUTO_TEST_CASE(a_command_that_outlives_its_deadline_has_an_unknown_outcome) {
    server_and_pool f;
    const auto fifo = (f.server.folder() / "fifo").string();
    const auto made = f.run_one("mkfifo " + fifo);
    BOOST_REQUIRE(made.has_value());
    const auto r = f.run_one("cat " + fifo, 2s);
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_outcome_unknown), r.error().detail);
    // The session goes on, and the command too: it is there to be written to.
    const auto next = f.run_one("echo x >" + fifo + "; echo ok");
    BOOST_REQUIRE_MESSAGE(next.has_value(), next.error().detail);
    BOOST_TEST(next->out.text() == "ok\n");
    BOOST_TEST(count_of("Accepted publickey", f.server.log()) == 1u);
}

BOOST_AUTO_TEST_CASE(too_many_hanging_commands_replace_the_session) {
    server_and_pool f;
    BOOST_TEST(f.run_one("true").has_value());
    std::vector<ssh::command> hanging;
    for (int i = 0; i < 8; ++i)
        hanging.push_back(f.command("sleep 1000", 3s));
    for (const auto& r : f.run_all(f.server, f.id, std::move(hanging)))
        BOOST_TEST((r.error().code == errc::ssh_outcome_unknown));
    const auto next = f.run_one("echo ok");
    BOOST_REQUIRE_MESSAGE(next.has_value(), next.error().detail);
    BOOST_TEST(next->out.text() == "ok\n");
    BOOST_TEST(count_of("Accepted publickey", f.server.log()) == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
