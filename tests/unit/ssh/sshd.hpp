// A real sshd on 127.0.0.1, with keys and a configuration of its own; it and everything it started end with
// the object.
#pragma once

#include "tests/unit/ssh/temporary_folder.hpp"

#include <boost/test/tree/test_unit.hpp>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

namespace hosting::test {

class sshd {
public:
    // `options`: more lines for its configuration, which come first and so win. Throws when it cannot start.
    explicit sshd(const std::string& options = {});
    ~sshd();
    sshd(const sshd&) = delete;
    sshd& operator=(const sshd&) = delete;

    // Says why not where there is no sshd, or the user may not start one: the tests that need it are skipped
    // then.
    [[nodiscard]] static boost::test_tools::assertion_result there(boost::unit_test::test_unit_id);

    void start();
    // Kills it, with the sessions that it serves, without a goodbye.
    void kill();
    void new_host_key();

    // Makes a key pair that may log in, by ssh-keygen's options; returns the private key's text.
    std::string make_key(const std::string& name, const std::string& options);
    // One more private key that may log in: this one. `public_key` is a line of authorized_keys.
    void authorise(std::string_view public_key);

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] const std::string& user() const { return user_; }
    [[nodiscard]] std::string log() const;
    // Returns when the log holds `text` so many times; throws after a long time.
    void wait_for_log(std::string_view text, std::size_t times = 1) const;
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }
    [[nodiscard]] std::string host_key() const; // the line of its public key

private:
    temporary_folder folder_;
    int reservation_ = -1; // a socket that keeps its port from others, and does not listen
    std::uint16_t port_ = 0;
    std::string user_;
    std::string home_;
    pid_t pid_ = 0;
};

// Accepts connections and never says a word.
class silent_listener {
public:
    silent_listener();
    ~silent_listener();
    silent_listener(const silent_listener&) = delete;
    silent_listener& operator=(const silent_listener&) = delete;
    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    int socket_;
    std::uint16_t port_;
};

} // namespace hosting::test
