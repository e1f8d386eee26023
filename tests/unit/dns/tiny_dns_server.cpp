#include "tiny_dns_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr int type_a = 1;
constexpr int type_aaaa = 28;

// The reply to one question; empty for silence.
std::string reply_to(const std::string& question) {
    if (question.size() < 17) return {};
    auto label_size = static_cast<std::size_t>(question[12]);
    std::string label = question.substr(13, label_size);
    std::size_t end = 12;
    while (end < question.size() && question[end] != 0)
        end += 1 + static_cast<unsigned char>(question[end]);
    end += 1 + 4; // the root label, type and class
    int type = static_cast<unsigned char>(question[end - 3]);

    std::string address;
    if (type == type_a && (label == "both" || label == "v4" || label == "halfsilent" || label == "brokenv6"))
        address = std::string("\xc0\x00\x02\x01", 4);
    if (type == type_aaaa && label == "both")
        address = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    int code = 0;
    if (label == "nx") code = 3;
    if (label == "refused") code = 5;
    bool broken = (label == "halfbroken" && type == type_a) || (label == "brokenv6" && type == type_aaaa);
    if (label == "servfail" || broken) code = 2;
    if (label == "silent" || (label == "halfsilent" && type == type_aaaa)) return {};
    if (label == "garbage") return "no DNS";

    std::string out = question.substr(0, 2);
    out += '\x81';
    out += static_cast<char>(0x80 | code);
    out += std::string("\0\1", 2) + (address.empty() ? std::string("\0\0", 2) : std::string("\0\1", 2));
    out += std::string(4, '\0') + question.substr(12, end - 12);
    if (!address.empty()) {
        out += std::string("\xc0\x0c\0", 3) + static_cast<char>(type) + std::string("\0\1\0\0\0\x3c\0", 7);
        out += static_cast<char>(address.size()) + address;
    }
    return out;
}

} // namespace

tiny_dns_server::tiny_dns_server()
    : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* generic = reinterpret_cast<sockaddr*>(&at);
    if (fd_ < 0 || ::bind(fd_, generic, size) != 0 || ::getsockname(fd_, generic, &size) != 0)
        throw std::runtime_error("no UDP socket for the test");
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { run(); });
}

tiny_dns_server::~tiny_dns_server() {
    int waker = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port_);
    ::sendto(waker, "", 0, 0, reinterpret_cast<sockaddr*>(&at), sizeof at);
    ::close(waker);
    thread_.join();
    ::close(fd_);
}

std::string tiny_dns_server::address() const { return "127.0.0.1:" + std::to_string(port_); }

// Ends with an empty datagram.
void tiny_dns_server::run() {
    for (;;) {
        char buffer[1500];
        sockaddr_in from{};
        socklen_t size = sizeof from;
        auto* generic = reinterpret_cast<sockaddr*>(&from);
        auto count = ::recvfrom(fd_, buffer, sizeof buffer, 0, generic, &size);
        if (count <= 0) return;
        ++questions_;
        std::string reply = reply_to(std::string(buffer, static_cast<std::size_t>(count)));
        if (!reply.empty()) ::sendto(fd_, reply.data(), reply.size(), 0, generic, size);
    }
}
