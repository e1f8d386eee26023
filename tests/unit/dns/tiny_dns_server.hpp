// A DNS server on loopback that answers by the first label of the name:
//   both        192.0.2.1 and 2001:db8::1        v4      192.0.2.1, no AAAA
//   halfsilent  192.0.2.1, AAAA never answered    empty   the name exists without addresses
//   nx          NXDOMAIN                          servfail, refused
//   silent      no answer                         garbage bytes that are no DNS message
//   halfbroken  SERVFAIL for A, no AAAA           brokenv6  192.0.2.1, SERVFAIL for AAAA
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

class tiny_dns_server {
public:
    tiny_dns_server();
    ~tiny_dns_server();
    tiny_dns_server(const tiny_dns_server&) = delete;
    tiny_dns_server& operator=(const tiny_dns_server&) = delete;

    [[nodiscard]] std::string address() const; // as dns::settings::servers wants it
    [[nodiscard]] int questions() const { return questions_; }

private:
    void run();
    int fd_;
    std::uint16_t port_ = 0;
    std::atomic<int> questions_{0};
    std::thread thread_;
};
