// HTTP/1.1 messages without any I/O: a request as bytes, an answer from bytes.
#pragma once

#include "adapters/http/client.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace hosting::http {

// The request as it goes over the wire. nullopt: a control character stands where it could split the message,
// as with a key that was pasted with a line break inside.
[[nodiscard]] std::optional<std::string> to_wire(const request& what, std::string_view user_agent);

// Reads one answer, however it is cut into pieces: chunked, with a length, or until the connection ends.
// Interim answers (1xx) are skipped.
class response_reader {
public:
    enum class state {
        more,     // not complete yet
        complete, // take() has it
        broken    // not HTTP, cut off, or larger than the limit: why() says which
    };

    explicit response_reader(std::size_t body_limit);
    ~response_reader();
    response_reader(const response_reader&) = delete;
    response_reader& operator=(const response_reader&) = delete;

    state feed(std::string_view bytes);
    state end_of_stream();

    // For `complete` only. reusable: the connection may carry another exchange.
    [[nodiscard]] bool reusable() const;
    [[nodiscard]] response take();
    [[nodiscard]] const std::string& why() const;

private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

} // namespace hosting::http
