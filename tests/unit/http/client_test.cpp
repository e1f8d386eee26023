#include "client_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <chrono>

using namespace std::chrono_literals;
using failure_kind = hosting::http::transport_failure::kind;

namespace {

void answer_all(peer& with) {
    while (!with.read_request().empty())
        with.write(answer("[]"));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(http_client, client_fixture)

BOOST_AUTO_TEST_CASE(sends_what_was_asked_and_returns_the_answer) {
    std::string seen;
    {
        tiny_server server([&](peer& with) {
            seen = with.read_request();
            with.write("HTTP/1.1 503 Gone\r\nContent-Type: TEXT/HTML; charset=utf-8\r\nRetry-After: 7\r\n"
                       "Location: /x\r\nContent-Length: 2\r\n\r\nno");
            with.wait_for_close();
        });
        auto what = request_to(server, "PATCH");
        what.headers.emplace_back("apikey", "secret");
        what.body = "{}";
        auto got = send(what);
        BOOST_REQUIRE(got);
        BOOST_TEST(got->status == 503);
        BOOST_TEST(got->content_type == "text/html");
        BOOST_TEST(got->retry_after.value() == "7");
        BOOST_TEST(got->location == "/x");
        BOOST_TEST(got->body == "no");
        client.reset();
    }
    BOOST_TEST(seen.starts_with("PATCH /some?thing=1 HTTP/1.1\r\nHost: localhost:"));
    BOOST_TEST(seen.find("\r\napikey: secret\r\n") != seen.npos);
    BOOST_TEST(seen.ends_with("\r\nContent-Length: 2\r\n\r\n{}"));
}

BOOST_AUTO_TEST_CASE(a_connection_is_reused) {
    tiny_server server(answer_all);
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(send(request_to(server)).has_value());
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(parallel_requests_share_a_bounded_number_of_connections) {
    hosting::http::settings with;
    with.connections_per_origin = 3;
    configure(with);
    tiny_server server(answer_all);
    std::vector<std::future<hosting::http::exchange>> all;
    for (int i = 0; i < 50; ++i)
        all.push_back(start(request_to(server)));
    for (auto& each : all)
        BOOST_TEST(each.get().has_value());
    BOOST_TEST(server.connections() <= 3);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_connection_counts) {
    hosting::http::settings with;
    with.connections_per_origin = 1;
    with.timeout = 2s;
    configure(with);
    tiny_server server([](peer& p) { p.wait_for_close(); });
    auto first = start(request_to(server));
    server.wait_for_connections(1);
    auto second = send(request_to(server, "PATCH"));
    BOOST_REQUIRE(!second);
    BOOST_TEST(second.error().detail.find("in time") != std::string::npos);
    BOOST_TEST((first.get().error().what == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(a_silent_server_leaves_the_outcome_unknown) {
    hosting::http::settings with;
    with.timeout = 2s;
    configure(with);
    tiny_server server([](peer& p) { p.wait_for_close(); });
    auto begun = std::chrono::steady_clock::now();
    auto got = send(request_to(server, "PATCH"));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().what == failure_kind::outcome_unknown));
    BOOST_TEST(got.error().detail.find("/some") == std::string::npos);
    BOOST_TEST((std::chrono::steady_clock::now() - begun < hosting::http::settings().timeout));
}

BOOST_AUTO_TEST_CASE(a_slow_drip_ends_at_the_deadline_too) {
    hosting::http::settings with;
    with.timeout = 2s;
    configure(with);
    tiny_server server([](peer& p) {
        p.read_request();
        p.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 60; ++i) {
            p.write("x");
            std::this_thread::sleep_for(50ms); // the drip is what is tested
        }
    });
    auto got = send(request_to(server));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().what == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_cut_off_is_unknown) {
    tiny_server server([](peer& p) {
        p.read_request();
        p.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    });
    auto got = send(request_to(server));
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().what == failure_kind::outcome_unknown));
}

BOOST_AUTO_TEST_CASE(an_answer_over_the_limit_is_refused) {
    hosting::http::settings with;
    with.body_limit = 1000;
    configure(with);
    tiny_server server([](peer& p) {
        p.read_request();
        p.write(answer(std::string(2000, 'x')));
    });
    auto got = send(request_to(server));
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().detail.find("larger than 1000 bytes") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(chunked_and_close_delimited_answers_are_read) {
    tiny_server server([](peer& p) {
        p.read_request();
        p.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
        std::this_thread::sleep_for(20ms); // so that the chunk most probably arrives in two pieces
        p.write("c\r\n2\r\nde\r\n0\r\n\r\n");
        p.read_request();
        p.write("HTTP/1.0 200 OK\r\n\r\nuntil the end");
    });
    BOOST_TEST(send(request_to(server)).value().body == "abcde");
    BOOST_TEST(send(request_to(server)).value().body == "until the end");
    BOOST_TEST(server.connections() == 1);
}

BOOST_AUTO_TEST_CASE(a_kept_connection_that_was_closed_meanwhile_is_replaced) {
    tiny_server server([](peer& p) {
        p.read_request();
        p.write(answer("[]"));
    });
    for (const char* method : {"GET", "PATCH", "GET", "POST"}) {
        BOOST_TEST(send(request_to(server, method)).has_value());
        server.wait_until_all_closed();
    }
    BOOST_TEST(server.connections() == 4);
}

// The server accepts the second request and closes without an answer: it may have acted on it.
BOOST_AUTO_TEST_CASE(only_a_repeatable_request_is_sent_again) {
    tiny_server server([](peer& p) {
        p.read_request();
        p.write(answer("[]"));
        if (p.number < 2) p.read_request();
        while (p.number == 2 && !p.read_request().empty())
            p.write(answer("[2]"));
    });
    BOOST_TEST(send(request_to(server)).has_value());
    auto unknown = send(request_to(server, "PATCH"));
    BOOST_REQUIRE(!unknown);
    BOOST_TEST((unknown.error().what == failure_kind::outcome_unknown));

    BOOST_TEST(send(request_to(server)).value().body == "[]");
    BOOST_TEST(send(request_to(server)).value().body == "[]"); // read on 1, closed, answered on 2
    auto repeatable = request_to(server, "POST");
    repeatable.repeatable = true;
    BOOST_TEST(send(repeatable).value().body == "[2]");
    BOOST_TEST(server.connections() == 3);
}

BOOST_AUTO_TEST_CASE(no_server_and_no_name_are_unreachable) {
    std::uint16_t port = 0;
    {
        tiny_server gone([](peer&) {});
        port = gone.port();
    }
    hosting::http::request what;
    what.where = *hosting::http::parse_url("http://localhost:" + std::to_string(port));
    what.target = "/";
    auto refused = send(what);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().what == failure_kind::unreachable));
    BOOST_TEST(refused.error().detail.find("Connection refused") != std::string::npos);

    what.where = *hosting::http::parse_url("http://nowhere.invalid");
    auto unknown = send(what);
    BOOST_REQUIRE(!unknown);
    BOOST_TEST((unknown.error().what == failure_kind::unreachable));
    BOOST_TEST(unknown.error().detail.find("does not exist") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_key_with_a_line_break_is_not_sent) {
    tiny_server server(answer_all);
    auto what = request_to(server);
    what.headers.emplace_back("apikey", "one\r\ntwo: three");
    auto got = send(what);
    BOOST_REQUIRE(!got);
    BOOST_TEST((got.error().what == failure_kind::unreachable));
    BOOST_TEST(got.error().detail.find("three") == std::string::npos);
    BOOST_TEST(server.connections() == 0);
}

BOOST_AUTO_TEST_CASE(close_ends_what_runs_and_what_waits) {
    hosting::http::settings with;
    with.connections_per_origin = 1;
    configure(with);
    tiny_server server([](peer& p) { p.wait_for_close(); });
    auto running = start(request_to(server));
    auto waiting = start(request_to(server));
    server.wait_for_connections(1);
    client->close();
    BOOST_TEST(!running.get());
    BOOST_TEST(!waiting.get());
    BOOST_TEST(!send(request_to(server)));
}

BOOST_AUTO_TEST_CASE(the_loop_may_be_destroyed_in_the_middle) {
    tiny_server server([](peer& p) { p.wait_for_close(); });
    hosting::http::settings with;
    with.connections_per_origin = 1;
    boost::asio::io_context other;
    auto own = *hosting::http::make_client(other.get_executor(), with, names);
    for (int i = 0; i < 2; ++i) {
        auto running = own->send(request_to(server));
        auto never = boost::asio::co_spawn(other, std::move(running), boost::asio::use_future);
    }
    other.run_for(100ms);
}

BOOST_AUTO_TEST_SUITE_END()
