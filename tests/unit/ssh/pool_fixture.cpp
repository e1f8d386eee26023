#include "tests/unit/ssh/pool_fixture.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace hosting::test {

using boost::asio::awaitable;

awaitable<resolution> fixed_resolver::resolve(std::string name, std::chrono::milliseconds) {
    resolution found;
    boost::system::error_code no_address;
    const auto address = boost::asio::ip::make_address(name, no_address);
    if (name == "server.test")
        found.addresses = of_the_name;
    else if (!no_address)
        found.addresses.push_back(address);
    found.what = found.addresses.empty() ? resolution::kind::no_such_name : resolution::kind::found;
    if (found.addresses.empty()) found.detail = "the name " + name + " does not exist";
    co_return found;
}

void pool_fixture::make_pool(const sshd& server) {
    if (settings.known_hosts.empty()) settings.known_hosts = server.folder() / "state" / "known_hosts";
    pool = ssh::make_pool(loop.get_executor(), settings, names, lines);
}

ssh::endpoint pool_fixture::at(const sshd& server) const {
    return {.address = "127.0.0.1", .port = server.port(), .user = server.user()};
}

namespace {

awaitable<result<secret>> given_key(std::string text) { co_return secret(std::move(text)); }

awaitable<void> wait_for_file(std::string path) {
    return pool_fixture::until([path = std::move(path)] { return std::filesystem::exists(path); });
}

} // namespace

ssh::key_source pool_fixture::key(std::string text) {
    return [text = std::move(text)](const ssh::endpoint&) { return given_key(text); };
}

ssh::command pool_fixture::command(std::string text, std::chrono::milliseconds deadline) {
    return {.text = std::make_shared<const std::string>(std::move(text)), .deadline = deadline};
}

awaitable<void> pool_fixture::store(ssh::endpoint where, std::string key_text, ssh::command what,
                                    result<ssh::command_result>& into) {
    into = co_await pool->run(std::move(where), key(std::move(key_text)), std::move(what));
}

awaitable<void> pool_fixture::store(const sshd& server, std::string key_text, ssh::command what,
                                    result<ssh::command_result>& into) {
    return store(at(server), std::move(key_text), std::move(what), into);
}

awaitable<void> pool_fixture::retire_and_store(std::string file, const sshd& server, std::string key_text,
                                               ssh::command what, result<ssh::command_result>& into) {
    co_await wait_for_file(std::move(file));
    pool->retire(at(server));
    co_await store(server, std::move(key_text), std::move(what), into);
}

awaitable<void> pool_fixture::close_when(std::string file) {
    co_await wait_for_file(std::move(file));
    co_await pool->close();
}

awaitable<void> pool_fixture::until(std::function<bool()> holds) {
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    while (!holds()) {
        timer.expires_after(std::chrono::milliseconds(5));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

void pool_fixture::run(std::vector<awaitable<void>> jobs) {
    loop.restart();
    auto guard = std::make_unique<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>(
        loop.get_executor());
    std::atomic<std::size_t> left = jobs.size();
    std::exception_ptr failed;
    std::mutex mutex;
    for (auto& job : jobs)
        boost::asio::co_spawn(loop, std::move(job), [&](const std::exception_ptr& error) {
            const std::lock_guard lock(mutex);
            if (error) failed = error;
            if (--left == 0) loop.stop();
        });
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads_; ++i)
        others.emplace_back([this] { loop.run(); });
    loop.run();
    for (auto& t : others)
        t.join();
    if (failed) std::rethrow_exception(failed);
}

void pool_fixture::run_until(std::function<bool()> holds) {
    std::vector<awaitable<void>> job;
    job.push_back(until(std::move(holds)));
    run(std::move(job));
}

std::vector<result<ssh::command_result>>
pool_fixture::run_all(const sshd& server, const std::string& key_text, std::vector<ssh::command> commands) {
    std::vector<result<ssh::command_result>> results(commands.size());
    std::vector<awaitable<void>> jobs;
    for (std::size_t i = 0; i < commands.size(); ++i)
        jobs.push_back(store(server, key_text, std::move(commands[i]), results[i]));
    run(std::move(jobs));
    return results;
}

result<ssh::command_result> pool_fixture::run_one(const sshd& server, const std::string& key_text,
                                                  ssh::command what) {
    std::vector<ssh::command> one;
    one.push_back(std::move(what));
    return run_all(server, key_text, std::move(one)).front();
}

void pool_fixture::close() {
    std::vector<awaitable<void>> job;
    job.push_back(pool->close());
    run(std::move(job));
}

} // namespace hosting::test
