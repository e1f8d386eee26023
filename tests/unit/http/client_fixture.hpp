// A client on an event loop with two threads, and a resolver that knows every name.
#pragma once

#include "adapters/http/client.hpp"
#include "tiny_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

// Every name is 127.0.0.1, but those below `.invalid` do not exist.
class loopback_resolver final : public hosting::resolver {
public:
    boost::asio::awaitable<hosting::resolution> resolve(std::string name,
                                                        std::chrono::milliseconds) override {
        hosting::resolution out;
        if (name.ends_with(".invalid")) {
            out.what = hosting::resolution::kind::no_such_name;
            out.detail = "the name " + name + " does not exist";
        } else {
            out.what = hosting::resolution::kind::found;
            out.addresses.push_back(boost::asio::ip::make_address("127.0.0.1"));
        }
        co_return out;
    }
};

struct client_fixture {
    boost::asio::io_context loop;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{loop.get_executor()};
    loopback_resolver names;
    std::unique_ptr<hosting::http::client> client;
    std::thread one{[this] { loop.run(); }};
    std::thread two{[this] { loop.run(); }};

    client_fixture() { configure({}); }
    ~client_fixture() {
        client.reset();
        work.reset();
        one.join();
        two.join();
    }

    void configure(hosting::http::settings with) {
        client = *hosting::http::make_client(loop.get_executor(), std::move(with), names);
    }

    static hosting::http::request request_to(const tiny_server& server, const std::string& method = "GET",
                                             const std::string& scheme = "http",
                                             const std::string& host = "localhost") {
        hosting::http::request out;
        out.method = method;
        out.where = *hosting::http::parse_url(scheme + "://" + host + ":" + std::to_string(server.port()));
        out.target = "/some?thing=1";
        return out;
    }

    std::future<hosting::http::exchange> start(hosting::http::request what) {
        auto running = client->send(std::move(what));
        return boost::asio::co_spawn(loop, std::move(running), boost::asio::use_future);
    }

    hosting::http::exchange send(hosting::http::request what) { return start(std::move(what)).get(); }
};
