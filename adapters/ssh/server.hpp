// One endpoint: finds or makes the session that a command runs on. Everything happens on its strand.
#pragma once

#include "adapters/ssh/client.hpp"
#include "adapters/ssh/link.hpp"
#include "adapters/ssh/operation.hpp"

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <vector>

namespace hosting::ssh {

class known_hosts;

// What the servers of a pool share. Thread-safe where it is written to.
struct surroundings {
    settings config;
    resolver& names;
    known_hosts& host_keys;
    log& out;
    login_listener heard; // of each login; may be empty
    std::atomic<std::uint64_t> connects{0};
    std::atomic<std::size_t> connecting{0};
    std::atomic<std::size_t> connected{0};
};

// Held by the coroutines and sessions that need it; when there are none, it goes.
class server : public std::enable_shared_from_this<server> {
public:
    server(const boost::asio::any_io_executor& executor, endpoint, std::shared_ptr<surroundings>);

    [[nodiscard]] const boost::asio::any_io_executor& strand() const noexcept { return strand_; }

    // All on the strand. Contracts: client.hpp.
    static boost::asio::awaitable<result<command_result>> run(std::shared_ptr<server>, key_source, command);
    void close();
    static boost::asio::awaitable<void> wait_closed(std::shared_ptr<server>);
    void retire();

private:
    struct pending;
    struct login;

    using linked = result<std::shared_ptr<link>>;
    boost::asio::awaitable<linked> session_for(key_source, std::shared_ptr<pending>);
    static boost::asio::awaitable<void> log_in(std::shared_ptr<server>, std::shared_ptr<login>, key_source);
    boost::asio::awaitable<linked> connect(key_source, std::shared_ptr<login>);
    [[nodiscard]] std::shared_ptr<link> make_link(std::unique_ptr<connection>);
    [[nodiscard]] result<command_result> told(pending&) const;

    boost::asio::any_io_executor strand_;
    const endpoint where_;
    std::shared_ptr<surroundings> around_;
    std::weak_ptr<link> current_;
    std::vector<std::weak_ptr<link>> links_; // all that are not closed
    std::shared_ptr<login> login_;           // while one is under way
    bool closed_ = false;
};

} // namespace hosting::ssh
