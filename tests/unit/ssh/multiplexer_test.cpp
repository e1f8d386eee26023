// What the multiplexer decides, against a server in memory and with time as an argument.
#include "adapters/ssh/multiplexer.hpp"
#include "tests/unit/ssh/fake_session.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting::ssh;
using namespace hosting::test;
using namespace std::chrono_literals;
using kind = outcome::kind;

namespace hosting::ssh {

std::ostream& operator<<(std::ostream& out, kind k) {
    switch (k) {
    case kind::exited: return out << "exited";
    case kind::signalled: return out << "signalled";
    case kind::not_started: return out << "not_started";
    case kind::unknown: return out << "unknown";
    }
    return out;
}

} // namespace hosting::ssh

namespace {

struct command_of_the_test final : operation {
    command_of_the_test(std::string text, steady_time give_up_at, std::size_t limit)
        : operation(std::make_shared<const std::string>(std::move(text)), give_up_at, limit) {}
    void ended() override { ++endings; }
    int endings = 0;
};

// No channel is opened ahead, unless the test is about that.
multiplexer::limits channels(std::size_t n) {
    multiplexer::limits l;
    l.channels = n;
    l.ahead = false;
    return l;
}

struct scene {
    fake_session server;
    steady_time now{1h};
    multiplexer mux;

    scene()
        : scene(channels(8)) {}
    explicit scene(multiplexer::limits l)
        : mux(server, l) {}

    std::shared_ptr<command_of_the_test> submit(const std::string& text,
                                                std::chrono::seconds patience = 600s) {
        auto op = std::make_shared<command_of_the_test>(text, now + patience, 64 * 1024);
        mux.submit(op);
        mux.pump(now);
        return op;
    }
    // Lets client and server talk until both are still.
    void settle() {
        do
            mux.pump(now);
        while (server.deliver());
    }
    void pass(std::chrono::milliseconds time) {
        now += time;
        settle();
    }
};

void check(const command_of_the_test& op, kind expected) {
    BOOST_REQUIRE(op.end.has_value());
    BOOST_TEST(op.end->what == expected);
    BOOST_TEST(op.endings == 1);
}

} // namespace

BOOST_AUTO_TEST_SUITE(multiplexer_decisions)

BOOST_AUTO_TEST_CASE(a_command_gives_its_streams_and_its_status) {
    scene s;
    s.server.scripts["hello"] = {.out = "to stdout", .err = "to stderr", .status = 3, .signal = {}};
    const auto op = s.submit("hello");
    BOOST_TEST(s.mux.in_request());
    s.settle();
    check(*op, kind::exited);
    BOOST_TEST(op->end->status == 3);
    BOOST_TEST(op->out.text() == "to stdout");
    BOOST_TEST(op->err.text() == "to stderr");
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.open_channels() == 0u);
    BOOST_TEST(!s.mux.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(a_signal_is_told_apart_from_status_0) {
    scene s;
    s.server.scripts["killed"] = {.out = {}, .err = {}, .status = 0, .signal = "KILL"};
    const auto op = s.submit("killed");
    s.settle();
    check(*op, kind::signalled);
    BOOST_TEST(op->end->signal == "KILL");
}

BOOST_AUTO_TEST_CASE(many_commands_use_all_channels_and_one_exec_at_a_time) {
    scene s(channels(4));
    std::vector<std::shared_ptr<command_of_the_test>> all;
    for (int i = 0; i < 30; ++i)
        all.push_back(s.submit("c" + std::to_string(i)));
    s.settle();
    for (const auto& op : all)
        check(*op, kind::exited);
    BOOST_TEST(s.server.most_execs_in_flight() == 1u);
    BOOST_TEST(s.server.most_open_channels() <= 4u);
    BOOST_TEST(s.server.commands_run().front() == "c0");
    BOOST_TEST(s.server.commands_run().back() == "c29");
}

BOOST_AUTO_TEST_CASE(channels_are_used_at_the_same_time) {
    scene s(channels(4));
    for (int i = 0; i < 6; ++i) {
        s.server.scripts["c" + std::to_string(i)] = {.out = {}, .err = {}, .signal = {}, .ends = false};
        (void)s.submit("c" + std::to_string(i));
    }
    s.settle();
    BOOST_TEST(s.server.commands_run().size() == 4u);
    s.server.end_command("c1");
    s.settle();
    BOOST_TEST(s.server.commands_run().size() == 5u);
}

BOOST_AUTO_TEST_CASE(a_refused_channel_goes_back_to_the_queue_and_lowers_the_limit) {
    scene s;
    s.server.max_sessions = 3;
    std::vector<std::shared_ptr<command_of_the_test>> all;
    for (int i = 0; i < 12; ++i) {
        s.server.scripts["c" + std::to_string(i)] = {.out = {}, .err = {}, .signal = {}, .ends = false};
        all.push_back(s.submit("c" + std::to_string(i)));
    }
    s.settle();
    BOOST_TEST(s.mux.channel_limit() == 3u);
    BOOST_TEST(s.server.commands_run().size() == 3u);
    for (std::size_t i = 0; i < 12; ++i) { // each that ends lets the next one start, in their order
        BOOST_TEST(s.server.commands_run().back() == "c" + std::to_string(std::min<std::size_t>(i + 2, 11)));
        s.server.end_command("c" + std::to_string(i));
        s.settle();
        check(*all[i], kind::exited);
    }
    BOOST_TEST(!s.mux.broken().has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_grants_no_channel_at_all_is_asked_some_times_with_pauses) {
    scene s;
    s.server.max_sessions = 0;
    const auto op = s.submit("c");
    s.settle();
    BOOST_TEST(!op->end.has_value());
    int pauses = 0;
    for (; !op->end && pauses < 100; ++pauses) {
        BOOST_REQUIRE(s.mux.next_deadline().has_value());
        s.now = *s.mux.next_deadline();
        s.settle();
    }
    check(*op, kind::not_started);
    BOOST_TEST(!op->end->connection_lost);
    BOOST_TEST(pauses == multiplexer::limits{}.refusals - 1);
    BOOST_TEST(s.mux.empty());
}

BOOST_AUTO_TEST_CASE(a_denied_exec_has_certainly_not_run) {
    scene s;
    s.server.scripts["c"].exec_answer = ssh_error::request_denied;
    const auto op = s.submit("c");
    s.settle();
    check(*op, kind::not_started);
    BOOST_TEST(!op->end->connection_lost);
    BOOST_TEST(s.mux.empty());
}

// libssh2 issue 671: the command runs, and exec says -1.
BOOST_AUTO_TEST_CASE(an_exec_that_failed_without_a_reason_may_have_run) {
    scene s;
    s.server.scripts["c"] = {
        .out = {}, .err = {}, .signal = {}, .ends = false, .exec_answer = ssh_error::generic};
    const auto op = s.submit("c");
    s.settle();
    check(*op, kind::unknown);
    BOOST_TEST(s.mux.zombies() == 1u);
    BOOST_TEST(!s.mux.worn_out());
    s.server.end_command("c");
    s.settle();
    BOOST_TEST(s.mux.empty());
}

BOOST_AUTO_TEST_CASE(a_broken_connection_tells_what_ran_from_what_did_not) {
    scene s(channels(2));
    s.server.scripts["running"] = {.out = {}, .err = {}, .signal = {}, .ends = false};
    const auto running = s.submit("running");
    s.settle();
    const auto sent = s.submit("sent");
    s.server.deliver();
    s.mux.pump(s.now); // open is answered, exec is on its way
    const auto queued = s.submit("queued");
    s.mux.fail("cut");
    check(*running, kind::unknown);
    check(*sent, kind::unknown);
    check(*queued, kind::not_started);
    BOOST_TEST(queued->end->connection_lost);
    BOOST_TEST(queued->end->detail == "cut");
    BOOST_TEST(s.mux.empty());
}

BOOST_AUTO_TEST_CASE(an_open_in_flight_on_a_broken_connection_has_not_run) {
    scene s;
    const auto op = s.submit("c");
    s.mux.fail("cut");
    check(*op, kind::not_started);
    BOOST_TEST(op->end->connection_lost);
}

BOOST_AUTO_TEST_CASE(an_error_of_the_transport_breaks_the_session) {
    for (const int error : {-7, -9, -13, -43}) {
        scene s;
        s.server.scripts["c"] = {.out = {}, .err = {}, .signal = {}, .ends = false};
        const auto op = s.submit("c");
        s.settle();
        s.server.fail_every_call = error;
        s.mux.pump(s.now);
        BOOST_REQUIRE(s.mux.broken().has_value());
        BOOST_TEST(s.mux.broken()->find(std::to_string(error)) != std::string::npos);
        s.mux.fail(*s.mux.broken());
        check(*op, kind::unknown);
    }
}

BOOST_AUTO_TEST_CASE(a_silent_server_breaks_the_session) {
    scene in_open;
    const auto first = in_open.submit("c");
    in_open.now += 46s;
    in_open.mux.pump(in_open.now);
    BOOST_TEST(in_open.mux.broken().has_value());

    scene in_exec;
    const auto second = in_exec.submit("c");
    in_exec.server.deliver();
    in_exec.mux.pump(in_exec.now);
    BOOST_TEST((in_exec.mux.next_deadline() == in_exec.now + 45s));
    in_exec.now += 46s;
    in_exec.mux.pump(in_exec.now);
    BOOST_TEST(in_exec.mux.broken().has_value());
    in_exec.mux.fail(*in_exec.mux.broken());
    check(*second, kind::unknown);
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_in_open_runs_nothing_and_the_session_is_replaced) {
    scene s;
    const auto op = s.submit("c", 5s);
    s.now += 6s;
    s.mux.pump(s.now);
    check(*op, kind::not_started);
    BOOST_TEST(s.mux.worn_out());
    s.settle();
    BOOST_TEST(s.server.commands_run().empty());
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.open_channels() == 0u);
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_in_exec_hears_unknown_and_the_session_is_replaced) {
    scene s;
    const auto op = s.submit("c", 5s);
    s.server.deliver();
    s.mux.pump(s.now);
    s.now += 6s;
    s.mux.pump(s.now);
    check(*op, kind::unknown);
    BOOST_TEST(s.mux.worn_out());
    BOOST_TEST(s.mux.zombies() == 1u);
    BOOST_TEST(!s.mux.wanted());
    s.settle(); // its calls are repeated to the end
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.open_channels() == 0u);
}

BOOST_AUTO_TEST_CASE(a_caller_that_gives_up_before_its_turn_leaves_no_trace) {
    scene s(channels(1));
    s.server.scripts["long"] = {.out = {}, .err = {}, .signal = {}, .ends = false};
    (void)s.submit("long");
    s.settle();
    const auto op = s.submit("c", 5s);
    s.pass(6s);
    check(*op, kind::not_started);
    BOOST_TEST(!op->end->connection_lost);
    BOOST_TEST(!s.mux.worn_out());
}

BOOST_AUTO_TEST_CASE(a_zombie_holds_its_channel_until_the_server_closes_it) {
    scene s(channels(4));
    s.server.scripts["long"] = {.out = "words that nobody reads", .err = {}, .signal = {}, .ends = false};
    const auto op = s.submit("long", 5s);
    s.settle();
    const auto heard = op->out.total_bytes();
    s.pass(6s);
    check(*op, kind::unknown);
    BOOST_TEST(s.mux.zombies() == 1u);
    BOOST_TEST(s.mux.channels() == 1u);
    BOOST_TEST(!s.mux.worn_out());
    const auto other = s.submit("c");
    s.settle();
    check(*other, kind::exited);
    s.server.end_command("long");
    s.settle();
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(op->out.total_bytes() == heard);
}

BOOST_AUTO_TEST_CASE(zombies_on_half_of_the_channels_replace_the_session) {
    scene s(channels(4));
    s.server.scripts["long"] = {.out = {}, .err = {}, .signal = {}, .ends = false};
    s.server.scripts["longer"] = s.server.scripts["long"];
    for (int i = 0; i < 2; ++i)
        (void)s.submit("long", 5s);
    std::vector<std::shared_ptr<command_of_the_test>> longer;
    for (int i = 0; i < 2; ++i)
        longer.push_back(s.submit("longer", 100s));
    const auto queued = s.submit("c", 100s);
    s.settle();
    s.pass(6s);
    BOOST_TEST(s.mux.worn_out());
    check(*queued, kind::not_started);
    BOOST_TEST(queued->end->connection_lost);
    BOOST_TEST(s.mux.wanted()); // those that run are waited for
    s.server.end_command("longer", 4);
    s.settle();
    for (const auto& op : longer)
        check(*op, kind::exited);
    BOOST_TEST(!s.mux.wanted());
}

BOOST_AUTO_TEST_CASE(a_probe_opens_and_closes_a_channel_without_a_command) {
    scene s;
    s.mux.submit_probe();
    s.settle();
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.most_open_channels() == 1u);
    BOOST_TEST(s.server.open_channels() == 0u);
    BOOST_TEST(s.server.commands_run().empty());
}

BOOST_AUTO_TEST_CASE(while_a_command_runs_a_channel_is_opened_for_the_next_one) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.open_channels() == 1u);
    // It is sent with the first words to the server.
    const auto next = s.submit("next");
    BOOST_TEST(!s.mux.empty());
    s.server.deliver();
    BOOST_TEST(s.server.commands_run().back() == "next");
    s.settle();
    check(*next, kind::exited);
    BOOST_TEST(s.server.open_channels() == 1u);
    BOOST_TEST(!s.mux.next_deadline().has_value());
}

BOOST_AUTO_TEST_CASE(after_a_silence_a_channel_is_opened_anew) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    s.now += 6s;
    const auto next = s.submit("next", 1s);
    s.now += 2s;
    s.mux.pump(s.now);
    check(*next, kind::not_started); // the connection was dead, and nothing is lost
}

BOOST_AUTO_TEST_CASE(a_connection_that_broke_between_two_commands_runs_none) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    s.server.fail_every_call = -43;
    const auto next = s.submit("next");
    BOOST_REQUIRE(s.mux.broken().has_value());
    s.mux.fail("gone");
    check(*next, kind::not_started);
    BOOST_TEST(next->end->connection_lost);
}

BOOST_AUTO_TEST_CASE(a_command_takes_the_channel_that_is_being_opened) {
    scene s{multiplexer::limits()};
    s.server.scripts["long"] = {.out = {}, .err = {}, .signal = {}, .ends = false};
    (void)s.submit("long");
    while (s.server.commands_run().empty()) {
        s.server.deliver();
        s.mux.pump(s.now);
    }
    BOOST_TEST(s.mux.in_request());
    const auto next = s.submit("next");
    s.settle();
    check(*next, kind::exited);
    BOOST_TEST(s.server.most_open_channels() <= 3u);
}

BOOST_AUTO_TEST_CASE(the_last_channel_is_the_next_commands) {
    auto two = channels(2);
    two.ahead = true;
    scene s{two};
    for (const auto* text : {"a", "b", "c"}) {
        s.server.scripts[text] = {.out = {}, .err = {}, .signal = {}, .ends = false};
        (void)s.submit(text);
        s.settle();
    }
    BOOST_TEST(s.server.commands_run().size() == 2u);
    s.server.end_command("a");
    s.settle();
    BOOST_TEST(s.server.commands_run().back() == "c");
    BOOST_TEST(s.server.most_open_channels() == 2u);
}

BOOST_AUTO_TEST_CASE(a_server_that_grants_one_channel_is_asked_for_a_second_one_once) {
    scene s{multiplexer::limits()};
    s.server.max_sessions = 1;
    for (const auto* text : {"a", "b", "c"}) {
        s.server.scripts[text] = {.out = {}, .err = {}, .signal = {}, .ends = false};
        const auto op = s.submit(text);
        s.settle();
        BOOST_TEST(s.mux.channel_limit() == 1u);
        s.server.end_command(text);
        s.settle();
        check(*op, kind::exited);
    }
    BOOST_TEST(s.server.open_channels() == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_the_server_closes_is_given_back) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    s.server.close_unused();
    s.settle();
    BOOST_TEST(s.server.open_channels() == 0u);
    const auto next = s.submit("next");
    s.settle();
    check(*next, kind::exited);
}

BOOST_AUTO_TEST_CASE(a_session_that_is_worn_out_keeps_none) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    const auto slow = s.submit("slow", 5s);
    s.now += 6s;
    s.mux.pump(s.now);
    check(*slow, kind::unknown);
    BOOST_TEST(s.mux.worn_out());
    s.settle();
    BOOST_TEST(s.server.open_channels() == 0u);
}

BOOST_AUTO_TEST_CASE(a_probe_reads_over_it) {
    scene s{multiplexer::limits()};
    (void)s.submit("first");
    s.settle();
    s.mux.submit_probe();
    s.settle();
    BOOST_TEST(s.mux.empty());
    BOOST_TEST(s.server.open_channels() == 1u);
    s.server.fail_every_call = -43;
    s.settle();
    BOOST_TEST(s.mux.broken().has_value());
}

BOOST_AUTO_TEST_CASE(a_flood_yields_the_thread_now_and_then) {
    scene s;
    s.server.piece_bytes = 10;
    s.server.scripts["flood"].out = std::string(100'000, 'x');
    const auto op = s.submit("flood");
    s.server.deliver();
    s.mux.pump(s.now);
    s.server.deliver();
    int pumps = 1;
    while (s.mux.pump(s.now))
        ++pumps;
    BOOST_TEST(pumps > 10);
    s.settle();
    check(*op, kind::exited);
    BOOST_TEST(op->out.total_bytes() == 100'000u);
}

BOOST_AUTO_TEST_SUITE_END()
