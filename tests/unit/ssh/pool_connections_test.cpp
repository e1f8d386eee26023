// Sessions with a real sshd: when they are made, refused, lost and made again.
#include "tests/unit/ssh/files.hpp"
#include "tests/unit/ssh/pool_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <mutex>
#include <utility>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;
using boost::asio::awaitable;

namespace {

struct server_and_pool : pool_fixture {
    explicit server_and_pool(const std::string& options = {}, unsigned threads = 4)
        : pool_fixture(threads)
        , server(options)
        , id(server.make_key("id", "-t ed25519")) {
        make_pool(server);
    }
    result<ssh::command_result> run_one(const std::string& text = "echo ok") {
        return pool_fixture::run_one(server, id, command(text));
    }
    std::size_t logins() const { return count_of("Accepted publickey", server.log()); }

    sshd server;
    const std::string id;
};

std::string text_of(const result<ssh::command_result>& r) { return r ? r->out.text() : r.error().detail; }

} // namespace

BOOST_AUTO_TEST_SUITE(pool_connections, *boost::unit_test::precondition(sshd::there))

BOOST_AUTO_TEST_CASE(a_server_that_dies_leaves_outcomes_unknown_and_is_connected_again) {
    server_and_pool f;
    const auto marker = f.server.folder() / "started";
    std::vector<result<ssh::command_result>> results(2);
    std::vector<awaitable<void>> jobs;
    for (auto& r : results)
        jobs.push_back(f.store(f.server, f.id, f.command("echo >>" + marker.string() + "; sleep 1000"), r));
    jobs.push_back(f.until([&, killed = false]() mutable {
        if (killed || count_of("\n", read_file(marker)) < 2) return killed;
        f.server.kill();
        return killed = true;
    }));
    f.run(std::move(jobs));
    for (const auto& r : results) {
        BOOST_REQUIRE(r.has_error());
        BOOST_TEST((r.error().code == errc::ssh_outcome_unknown), r.error().detail);
    }

    const auto down = f.run_one();
    BOOST_REQUIRE(down.has_error());
    BOOST_TEST((down.error().code == errc::ssh_unreachable), down.error().detail);
    BOOST_TEST(down.error().detail.find("127.0.0.1:" + std::to_string(f.server.port())) != std::string::npos);

    f.server.start();
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    BOOST_TEST(f.logins() == 2u);
}

BOOST_AUTO_TEST_CASE(an_idle_session_that_broke_costs_nobody_anything) {
    server_and_pool f;
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.server.kill();
    f.server.start();
    // The pool has had no chance to notice: the loop stood still.
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    BOOST_TEST(f.logins() == 2u);
    f.server.kill();
    f.run_until([&] { return f.pool->count().connected == 0; });
}

BOOST_AUTO_TEST_CASE(a_refused_key_is_one_attempt_for_all_who_wait) {
    server_and_pool f({}, 1); // so that all ten are handed in before the server's first byte is read
    sshd elsewhere;
    const auto wrong = elsewhere.make_key("other", "-t ed25519");
    std::vector<ssh::command> commands;
    for (int i = 0; i < 10; ++i)
        commands.push_back(f.command("touch " + (f.server.folder() / "never").string()));
    for (const auto& r : f.run_all(f.server, wrong, std::move(commands))) {
        BOOST_REQUIRE(r.has_error());
        BOOST_TEST((r.error().code == errc::ssh_auth), r.error().detail);
        BOOST_TEST(r.error().detail.find(f.server.user() + "@127.0.0.1:") != std::string::npos);
        BOOST_TEST(r.error().detail.find("publickey") != std::string::npos);
    }
    BOOST_TEST(f.pool->count().connects == 1u);
    f.server.wait_for_log("Connection closed by authenticating user");
    BOOST_TEST(count_of("Failed publickey", f.server.log()) == 1u);
    BOOST_TEST(!std::filesystem::exists(f.server.folder() / "never"));
}

BOOST_AUTO_TEST_CASE(each_login_is_told_with_its_key_before_anybody_hears_of_it) {
    server_and_pool f;
    sshd elsewhere;
    const auto wrong = elsewhere.make_key("other", "-t ed25519");
    std::mutex mutex; // Boost.Test's own checks belong to one thread
    std::vector<std::pair<std::string, std::optional<errc>>> told;
    unsigned heard_too_early = 0;
    f.pool->on_login([&](const ssh::endpoint&, const secret& key, const std::optional<failure>& why) {
        const std::lock_guard lock(mutex);
        told.emplace_back(key.reveal(), why ? std::optional(why->code) : std::nullopt);
    });
    std::vector<result<ssh::command_result>> refused(5);
    std::vector<awaitable<void>> jobs;
    const auto waits = [&](result<ssh::command_result>& r) -> awaitable<void> {
        co_await f.store(f.server, wrong, f.command("true"), r);
        const std::lock_guard lock(mutex);
        heard_too_early += told.empty() ? 1 : 0;
    };
    for (auto& r : refused)
        jobs.push_back(waits(r));
    f.run(std::move(jobs));
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.server.kill();
    f.server.new_host_key();
    f.server.start();
    f.run_until([&] { return f.pool->count().connected == 0; });
    (void)f.run_one();

    BOOST_TEST(heard_too_early == 0u);
    BOOST_TEST(told.size() == f.pool->count().connects);
    BOOST_TEST((told.front() == std::pair(wrong, std::optional(errc::ssh_auth))));
    BOOST_TEST((told.at(told.size() - 2) == std::pair(f.id, std::optional<errc>())));
    BOOST_TEST((told.back() == std::pair(f.id, std::optional(errc::ssh_host_key))));
}

BOOST_AUTO_TEST_CASE(a_text_that_is_no_key_is_not_tried) {
    server_and_pool f;
    const auto r = f.pool_fixture::run_one(f.server, f.server.host_key(), f.command("true"));
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_key));
    BOOST_TEST(r.error().detail.find("public key") != std::string::npos);
    BOOST_TEST(f.pool->count().connects == 0u);
}

BOOST_AUTO_TEST_CASE(a_changed_host_key_is_refused_before_the_login) {
    server_and_pool f;
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.server.kill();
    f.server.new_host_key();
    f.server.start();
    f.run_until([&] { return f.pool->count().connected == 0; });
    const auto r = f.run_one();
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_host_key));
    BOOST_TEST(r.error().detail.find("ssh-ed25519 host key SHA256:") != std::string::npos, r.error().detail);
    const auto name = "[127.0.0.1]:" + std::to_string(f.server.port());
    const auto remedy = "ssh-keygen -f " + f.settings.known_hosts.string() + " -R '" + name + "'";
    BOOST_TEST(r.error().detail.find(remedy) != std::string::npos, r.error().detail);
    BOOST_TEST(f.logins() == 1u);

    run_program({"ssh-keygen", "-f", f.settings.known_hosts.string(), "-R", name});
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
}

BOOST_AUTO_TEST_CASE(strict_mode_trusts_only_what_a_person_added) {
    server_and_pool f;
    f.settings.accept_new_host_keys = false;
    f.make_pool(f.server);
    const auto r = f.run_one();
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_host_key));
    const auto line = r.error().detail.substr(r.error().detail.rfind("[127.0.0.1]:"));
    BOOST_TEST(f.logins() == 0u);
    std::filesystem::create_directories(f.settings.known_hosts.parent_path());
    write_file(f.settings.known_hosts, line + "\n");
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
}

BOOST_AUTO_TEST_CASE(only_a_known_type_of_host_key_is_asked_for) {
    sshd server("HostKeyAlgorithms rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519");
    (void)server.make_key("host_ecdsa", "-t ecdsa");
    (void)server.make_key("host_rsa", "-t rsa -b 2048");
    server.kill();
    const auto host_key = [&](const char* name) {
        return "HostKey " + (server.folder() / name).string() + "\n";
    };
    write_file(server.folder() / "sshd_config",
               host_key("host_ecdsa") + host_key("host_rsa") + read_file(server.folder() / "sshd_config"));
    server.start();
    const auto id = server.make_key("id", "-t ed25519");
    pool_fixture f;
    f.settings.accept_new_host_keys = false;
    f.settings.known_hosts = server.folder() / "known_hosts";
    for (const char* name : {"host_ecdsa.pub", "host_key.pub", "host_rsa.pub"}) {
        write_file(f.settings.known_hosts,
                   "[127.0.0.1]:" + std::to_string(server.port()) + " " + read_file(server.folder() / name));
        f.make_pool(server);
        const auto r = f.run_one(server, id, f.command("echo ok"));
        BOOST_TEST(text_of(r) == "ok\n");
        f.close();
    }
}

BOOST_AUTO_TEST_CASE(all_kinds_of_keys_log_in) {
    server_and_pool f;
    auto& s = f.server;
    std::vector<std::string> keys{
        s.make_key("rsa_pem", "-t rsa -b 2048 -m PEM"),
        s.make_key("rsa_pkcs8", "-t rsa -b 2048 -m PKCS8"),
        s.make_key("rsa_openssh", "-t rsa -b 2048"),
        s.make_key("ec_pem", "-t ecdsa -b 256 -m PEM"),
        s.make_key("ec_pkcs8", "-t ecdsa -b 384 -m PKCS8"),
        s.make_key("ec_openssh", "-t ecdsa -b 521"),
        s.make_key("ed_openssh", "-t ed25519"),
    };
    for (const auto& key : keys) {
        const auto r = f.pool_fixture::run_one(s, key, f.command("echo ok"));
        BOOST_TEST(text_of(r) == "ok\n", key.substr(0, 30));
        f.pool->retire(f.at(s));
    }
    BOOST_TEST(f.logins() == keys.size());
}

BOOST_AUTO_TEST_CASE(an_ed25519_key_in_pkcs8_form_logs_in) {
    server_and_pool f;
    const auto pem = (f.server.folder() / "ed_pkcs8").string();
    run_program({"openssl", "genpkey", "-algorithm", "ed25519", "-out", pem});
    run_program({"openssl", "pkey", "-in", pem, "-pubout", "-out", pem + ".pub"});
    f.server.authorise(openssh_line_of_ed25519(read_file(pem + ".pub")));
    BOOST_TEST(text_of(f.pool_fixture::run_one(f.server, read_file(pem), f.command("echo ok"))) == "ok\n");
}

BOOST_AUTO_TEST_CASE(a_retired_session_ends_with_its_commands_and_a_new_one_is_made) {
    server_and_pool f;
    const auto fifo = (f.server.folder() / "fifo").string();
    BOOST_TEST(text_of(f.run_one("mkfifo " + fifo + "; echo ok")) == "ok\n");
    result<ssh::command_result> old;
    result<ssh::command_result> fresh;
    std::vector<awaitable<void>> jobs;
    jobs.push_back(
        f.store(f.server, f.id, f.command("echo started >" + fifo + ".started; cat " + fifo), old));
    jobs.push_back(
        f.retire_and_store(fifo + ".started", f.server, f.id, f.command("echo new >" + fifo), fresh));
    f.run(std::move(jobs));
    BOOST_TEST(text_of(old) == "new\n");
    BOOST_TEST(text_of(fresh) == "");
    BOOST_TEST(f.logins() == 2u);
    f.run_until([&] { return f.pool->count().connected == 1; });
}

BOOST_AUTO_TEST_CASE(an_idle_session_closes_itself) {
    server_and_pool f;
    f.settings.idle_close = 50ms;
    f.make_pool(f.server);
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.run_until([&] { return f.pool->count().connected == 0; });
    f.server.wait_for_log("Received disconnect");
}

BOOST_AUTO_TEST_CASE(an_old_session_is_replaced) {
    server_and_pool f;
    f.settings.longest_life = 50ms;
    f.make_pool(f.server);
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.run_until([&] { return f.pool->count().connected == 0; });
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    BOOST_TEST(f.logins() == 2u);
}

BOOST_AUTO_TEST_CASE(a_server_that_asks_whether_we_live_is_answered_while_idle) {
    server_and_pool f("LogLevel DEBUG1\nClientAliveInterval 1\nClientAliveCountMax 2");
    f.settings.keepalive = 0ms;
    f.make_pool(f.server);
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    f.run_until(
        [&] { return count_of("for keepalive", f.server.log()) >= 3; }); // it hangs up after two in vain
    BOOST_TEST(text_of(f.run_one()) == "ok\n");
    BOOST_TEST(f.logins() == 1u);
}

BOOST_AUTO_TEST_CASE(keepalives_do_no_harm_to_a_session_at_work) {
    server_and_pool f;
    f.settings.keepalive = 5ms;
    f.make_pool(f.server);
    std::vector<ssh::command> commands;
    for (int i = 0; i < 50; ++i)
        commands.push_back(f.command("head -c 100000 /dev/zero | tr '\\0' x; sleep 0.02"));
    for (const auto& r : f.run_all(f.server, f.id, std::move(commands))) {
        BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
        BOOST_TEST(r->out.total_bytes() == 100'000u);
    }
    BOOST_TEST(f.logins() == 1u);
}

BOOST_AUTO_TEST_CASE(new_session_keys_in_the_middle_do_no_harm) {
    server_and_pool f("RekeyLimit 64K");
    std::vector<ssh::command> commands;
    for (int i = 0; i < 12; ++i)
        commands.push_back(f.command("head -c 400000 /dev/zero | tr '\\0' x; echo; echo end"));
    for (const auto& r : f.run_all(f.server, f.id, std::move(commands))) {
        BOOST_REQUIRE_MESSAGE(r.has_value(), r.error().detail);
        BOOST_TEST(r->out.text().ends_with("x\nend\n"));
    }
    BOOST_TEST(f.logins() == 1u);
}

BOOST_AUTO_TEST_CASE(all_addresses_of_a_name_are_tried) {
    server_and_pool f;
    f.names.of_the_name = {boost::asio::ip::make_address("127.0.0.77"), boost::asio::ip::make_address("::1"),
                           boost::asio::ip::make_address("127.0.0.1")};
    auto where = f.at(f.server);
    where.address = "server.test";
    result<ssh::command_result> r;
    std::vector<awaitable<void>> job;
    job.push_back(f.store(where, f.id, f.command("echo ok"), r));
    f.run(std::move(job));
    BOOST_TEST(text_of(r) == "ok\n");
}

BOOST_AUTO_TEST_CASE(a_server_that_says_nothing_is_unreachable_in_time) {
    silent_listener mute;
    server_and_pool f;
    f.settings.connect_timeout = 1s;
    f.make_pool(f.server);
    auto where = f.at(f.server);
    where.port = mute.port();
    result<ssh::command_result> r;
    std::vector<awaitable<void>> job;
    job.push_back(f.store(where, f.id, f.command("echo ok"), r));
    f.run(std::move(job));
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_unreachable));
    BOOST_TEST(r.error().detail.find("no answer in time") != std::string::npos, r.error().detail);
}

BOOST_AUTO_TEST_CASE(closing_ends_running_commands_as_unknown_and_starts_no_more) {
    server_and_pool f;
    const auto marker = f.server.folder() / "started";
    result<ssh::command_result> r;
    std::vector<awaitable<void>> jobs;
    jobs.push_back(f.store(f.server, f.id, f.command("echo >" + marker.string() + "; sleep 1000"), r));
    jobs.push_back(f.close_when(marker.string()));
    f.run(std::move(jobs));
    BOOST_REQUIRE(r.has_error());
    BOOST_TEST((r.error().code == errc::ssh_outcome_unknown), r.error().detail);
    f.server.wait_for_log("Received disconnect");
    const auto late = f.run_one();
    BOOST_REQUIRE(late.has_error());
    BOOST_TEST((late.error().code == errc::ssh_not_started));
}

BOOST_AUTO_TEST_CASE(a_pool_may_go_while_commands_run_once_the_loop_has_stopped) {
    auto f = std::make_unique<server_and_pool>();
    const auto marker = f->server.folder() / "started";
    result<ssh::command_result> first;
    result<ssh::command_result> second;
    std::vector<awaitable<void>> jobs;
    jobs.push_back(
        f->store(f->server, f->id, f->command("echo >" + marker.string() + "; sleep 1000"), first));
    jobs.push_back(f->store(f->server, f->id, f->command("sleep 1000"), second));
    jobs.push_back(f->until([&] {
        if (std::filesystem::exists(marker)) f->loop.stop();
        return false;
    }));
    f->run(std::move(jobs));
    f->pool.reset();
    f.reset();
}

BOOST_AUTO_TEST_SUITE_END()
