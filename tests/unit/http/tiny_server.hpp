// An HTTP server that does as it is told, byte by byte: one thread for each connection, over TCP or TLS.
#pragma once

#include "certificates.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

// The server's end of one connection.
class peer {
public:
    virtual ~peer() = default;
    // One request with its body (by Content-Length); empty when the client has closed.
    virtual std::string read_request() = 0;
    virtual void write(const std::string& bytes) = 0;
    // Returns when the client has closed its end.
    virtual void wait_for_close() = 0;
    // Number of this connection, from 0.
    int number = 0;
};

class tiny_server {
public:
    // `talk` is the whole conversation on one connection, which closes when it returns.
    explicit tiny_server(std::function<void(peer&)> talk, std::optional<test_certificate> tls = std::nullopt);
    ~tiny_server();
    tiny_server(const tiny_server&) = delete;
    tiny_server& operator=(const tiny_server&) = delete;

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] int connections() const;

    // Returns when the server has accepted so many connections.
    void wait_for_connections(int wanted) const;

    // Returns when the server has closed every connection on its side.
    void wait_until_all_closed() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// An answer with a length, on a connection that stays open.
[[nodiscard]] std::string answer(const std::string& body, const std::string& status = "200 OK");
