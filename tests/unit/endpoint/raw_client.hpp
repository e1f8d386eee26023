// A client that sends bytes as it likes. Blocking; whatever takes longer than 30 s throws.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <string>
#include <string_view>

struct raw_answer {
    unsigned status = 0; // 0: the connection ended without a whole answer
    std::string head;    // with the empty line
    std::string body;
};

class raw_client {
public:
    explicit raw_client(const boost::asio::ip::tcp::endpoint& where);

    // False: the server does not take it any more.
    bool send(std::string_view bytes);

    // One answer, by its Content-Length. `with_body`: false for HEAD.
    raw_answer read_answer(bool with_body = true);

    // All that comes until the server closes.
    std::string read_all();

    // The connection ended, or does so within this time; what comes before is dropped.
    bool ended_within(std::chrono::milliseconds time);

    void wait_for_bytes(); // without taking any

    raw_answer ask(std::string_view bytes, bool with_body = true) {
        send(bytes);
        return read_answer(with_body);
    }

private:
    bool read_more();

    boost::asio::io_context context_;
    boost::asio::ip::tcp::socket socket_{context_};
    std::string buffer_;
};

// Sockets that this process has open.
[[nodiscard]] std::size_t open_sockets();
