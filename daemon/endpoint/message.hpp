// HTTP/1.1 messages of a server without any I/O: a request from bytes, an answer as bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hosting::endpoint {

struct request {
    std::string method;
    std::string target; // path and query as sent
    std::string body;
};

struct answer {
    unsigned status = 200;
    std::string body;
    std::string type = "application/json";
    std::string allow{}; // with 405: the methods that there are
};

// {"detail": why}, as the Python service had it.
[[nodiscard]] answer refusal(unsigned status, std::string_view why);

// The answer as it goes over the wire. `with_body`: false for HEAD.
[[nodiscard]] std::string to_wire(const answer& what, bool with_body, bool keep_alive);

// Reads requests, one after the other, however they are cut into pieces. Keeps no more than the limits and
// one piece.
class request_reader {
public:
    enum class state {
        more,     // not complete yet
        complete, // take() has it
        broken    // not HTTP, or larger than a limit: complaint() is the answer, and the connection ends
    };

    request_reader(std::size_t header_bytes, std::size_t body_bytes);
    ~request_reader();
    request_reader(const request_reader&) = delete;
    request_reader& operator=(const request_reader&) = delete;

    state feed(std::string_view bytes);

    // Something of the next request is there.
    [[nodiscard]] bool begun() const;

    // True once for a request whose client waits for "100 Continue" before it sends the body.
    [[nodiscard]] bool wants_continue();

    // For `complete` only. Afterwards feed({}) tells about the request behind it.
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] request take();

    // For `broken` only.
    [[nodiscard]] const answer& complaint() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace hosting::endpoint
