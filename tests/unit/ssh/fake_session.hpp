// An SSH server in memory behind session_api. Requests travel until deliver() lets the server see and answer
// them, as on a real wire. It is strict: whatever libssh2 would be wedged by (two opens at once, a call that
// another operation began, a channel used after its end) throws.
#pragma once

#include "adapters/ssh/session_api.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace hosting::test {

class fake_session final : public ssh::session_api {
public:
    // The server's side of one command.
    struct script {
        std::string out;
        std::string err;
        int status = 0;
        std::string signal;
        bool ends = true;
        int exec_answer = ssh::ssh_error::none;
    };

    std::size_t max_sessions = 10;
    std::map<std::string, script> scripts; // by command; any other one ends with 0 and says nothing
    std::size_t piece_bytes = 3;           // given by one read()
    int fail_every_call = 0;               // what a broken connection answers

    // The server reads its input, and its answers arrive. False when it had nothing to do.
    bool deliver();
    void end_command(const std::string& command, int status = 0);
    // Ends the channels over which no command was sent.
    void close_unused();

    [[nodiscard]] const std::vector<std::string>& commands_run() const { return run_; }
    [[nodiscard]] std::size_t open_channels() const { return channels_.size(); }
    [[nodiscard]] std::size_t most_open_channels() const { return most_open_; }
    [[nodiscard]] std::size_t most_execs_in_flight() const { return most_execs_; }

    ssh::opened open_channel() override;
    int exec(ssh::channel*, std::string_view command) override;
    int send_eof(ssh::channel*) override;
    std::ptrdiff_t read(ssh::channel*, ssh::stream, ssh::bounded_output& into) override;
    bool at_eof(ssh::channel*) override;
    int wait_closed(ssh::channel*) override;
    int exit_status(ssh::channel*) override;
    std::string exit_signal(ssh::channel*) override;
    int free_channel(ssh::channel*) override;
    std::uint64_t bytes_received() const override { return received_; }
    std::string last_error() override { return "as the test wants it"; }

private:
    enum class request { none, sent, answered };
    struct side {
        request exec = request::none;
        request close = request::none;
        std::string command;
        script what;
        bool started = false;
        bool eof_sent = false;
        bool closed = false; // by the server
    };

    side& at(ssh::channel*);

    std::map<ssh::channel*, side> channels_;
    request open_ = request::none;
    std::size_t last_handle_ = 0;
    std::vector<std::string> run_;
    std::size_t most_open_ = 0;
    std::size_t most_execs_ = 0;
    std::uint64_t received_ = 0;
};

} // namespace hosting::test
