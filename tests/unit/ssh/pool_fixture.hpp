// A pool, the io_context it runs on, and what it needs around it.
#pragma once

#include "adapters/ssh/client.hpp"
#include "tests/unit/ssh/memory_log.hpp"
#include "tests/unit/ssh/sshd.hpp"

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace hosting::test {

// Knows addresses, and one name.
class fixed_resolver final : public resolver {
public:
    boost::asio::awaitable<resolution> resolve(std::string name, std::chrono::milliseconds limit) override;
    std::vector<boost::asio::ip::address> of_the_name; // "server.test"
};

struct pool_fixture {
    explicit pool_fixture(unsigned threads = 4)
        : threads_(threads) {}

    boost::asio::io_context loop;
    fixed_resolver names;
    memory_log lines;
    ssh::settings settings;
    std::unique_ptr<ssh::pool> pool;

    void make_pool(const sshd&);

    [[nodiscard]] ssh::endpoint at(const sshd&) const;
    [[nodiscard]] static ssh::key_source key(std::string text);
    [[nodiscard]] static ssh::command command(std::string text,
                                              std::chrono::milliseconds deadline = std::chrono::minutes(1));

    // For run(): one command, and others that wait until a file is there.
    boost::asio::awaitable<void> store(const sshd&, std::string key, ssh::command,
                                       result<ssh::command_result>& into);
    boost::asio::awaitable<void> store(ssh::endpoint, std::string key, ssh::command,
                                       result<ssh::command_result>& into);
    boost::asio::awaitable<void> retire_and_store(std::string file, const sshd&, std::string key,
                                                  ssh::command, result<ssh::command_result>& into);
    boost::asio::awaitable<void> close_when(std::string file);
    // Waits for what something beside the loop makes true.
    static boost::asio::awaitable<void> until(std::function<bool()> holds);

    // Runs coroutines to their end, all at once, then returns.
    void run(std::vector<boost::asio::awaitable<void>>);
    void run_until(std::function<bool()> holds);
    // One command, alone.
    result<ssh::command_result> run_one(const sshd&, const std::string& key, ssh::command);
    // Several at once.
    std::vector<result<ssh::command_result>> run_all(const sshd&, const std::string& key,
                                                     std::vector<ssh::command>);
    void close();

private:
    unsigned threads_;
};

} // namespace hosting::test
