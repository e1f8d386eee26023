// A real endpoint on a free port, on an event loop with two threads.
#pragma once

#include "daemon/endpoint/endpoint.hpp"
#include "daemon/endpoint/listen_address.hpp"
#include "fake_dispatcher.hpp"
#include "raw_client.hpp"
#include "tests/unit/ssh/memory_log.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

inline constexpr std::string_view right_key = "sb_secret_of_the_tests";

template<class Condition>
void wait_until(Condition holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > limit) throw std::runtime_error("waited in vain");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

struct server_fixture {
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.get_executor()};
    fake_dispatcher dispatcher;
    hosting::test::memory_log journal;
    std::function<std::string(const hosting::service_status&)> metrics = [](const auto&) {
        return std::string("hosting_sites 1\n");
    };
    hosting::endpoint::limits bounds;
    std::unique_ptr<hosting::endpoint::server> server;
    std::thread one{[this] { loop.run(); }};
    std::thread two{[this] { loop.run(); }};

    ~server_fixture() {
        if (server) stop();
        work.reset();
        one.join();
        two.join();
    }

    void start(std::string listen = "127.0.0.1:0") {
        hosting::endpoint::settings with{std::move(listen), "1.2.3",
                                         *hosting::http::parse_url("https://hub.example"),
                                         hosting::secret(std::string(right_key)), bounds};
        server = hosting::endpoint::make_server(loop.get_executor(), std::move(with),
                                                {dispatcher, metrics, journal});
        server->start();
    }

    void stop() {
        auto stopping = server->stop();
        boost::asio::co_spawn(loop, std::move(stopping), boost::asio::use_future).get();
        server.reset();
    }

    std::size_t count(std::string_view beginning) const {
        const auto lines = journal.lines();
        return static_cast<std::size_t>(std::ranges::count_if(
            lines, [&](const std::string& line) { return line.starts_with(beginning); }));
    }

    // Where the server listens, once it does.
    boost::asio::ip::tcp::endpoint address() const {
        constexpr std::string_view beginning = "info the HTTP endpoint listens on ";
        wait_until([&] { return count(beginning) > 0; });
        const auto lines = journal.lines();
        const auto line = *std::ranges::find_if(
            lines, [&](const std::string& each) { return each.starts_with(beginning); });
        return *hosting::endpoint::parse_listen_address(std::string_view(line).substr(beginning.size()));
    }

    raw_answer post(const std::string& body) const {
        raw_client client(address());
        return client.ask("POST /process HTTP/1.1\r\nHost: x\r\nContent-Length: " +
                          std::to_string(body.size()) + "\r\n\r\n" + body);
    }
};

inline constexpr std::string_view livez = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
