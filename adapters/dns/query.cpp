#include "adapters/dns/query.hpp"

#include <ares.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <map>
#include <netinet/in.h>
#include <sys/time.h>

namespace hosting::dns {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr int rounds = 3; // through all servers

asio::ip::address address_of(const ares_addrinfo_node& node) {
    if (node.ai_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, node.ai_addr, sizeof in);
        return asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
    }
    sockaddr_in6 in{};
    std::memcpy(&in, node.ai_addr, sizeof in);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes);
}

// What the callbacks share with the query; they find it gone (weak_ptr) once the query is destroyed.
class conversation : public std::enable_shared_from_this<conversation> {
public:
    explicit conversation(asio::any_io_executor strand)
        : strand_(strand)
        , timer_(strand) {}
    ~conversation() {
        if (channel_) ares_destroy(channel_);
    }
    conversation(const conversation&) = delete;
    conversation& operator=(const conversation&) = delete;

    void start(const std::string& name, source where, const settings& with, std::function<void()> progress) {
        progress_ = std::move(progress);
        int status = open(name, where, with);
        if (status != ARES_SUCCESS) {
            answer(v6, status, nullptr);
            answer(v4, status, nullptr);
            return;
        }
        // One question for both from the file, so that a name with only an IPv4 entry there is not asked in
        // DNS.
        if (where == source::hosts_file) {
            ask(name, AF_UNSPEC, [](void* self, int got, int, ares_addrinfo* found) {
                static_cast<conversation*>(self)->split(got, found);
            });
        } else {
            ask(name, AF_INET6, [](void* self, int got, int, ares_addrinfo* found) {
                auto* me = static_cast<conversation*>(self);
                me->answer(me->v6, got, found);
            });
            ask(name, AF_INET, [](void* self, int got, int, ares_addrinfo* found) {
                auto* me = static_cast<conversation*>(self);
                me->answer(me->v4, got, found);
            });
        }
        arm_timer();
    }

    void stop() {
        progress_ = nullptr;
        timer_.cancel();
        if (channel_) ares_destroy(channel_);
        channel_ = nullptr;
    }

    family_answer v6;
    family_answer v4;

private:
    struct watch {
        explicit watch(const asio::any_io_executor& executor, ares_socket_t fd)
            : descriptor(executor, fd) {}
        asio::posix::stream_descriptor descriptor;
        bool wants_read = false;
        bool wants_write = false;
        bool waits_read = false;
        bool waits_write = false;
    };

    int open(const std::string& name, source where, const settings& with) {
        static const int library = ares_library_init(ARES_LIB_INIT_ALL);
        if (library != ARES_SUCCESS) return library;
        ares_options options{};
        char lookups[] = {where == source::hosts_file ? 'f' : 'b', '\0'};
        options.flags = name.find('.') == name.npos ? 0 : ARES_FLAG_NOSEARCH;
        options.timeout = static_cast<int>(with.server_patience.count());
        options.tries = rounds;
        options.lookups = lookups;
        options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
            static_cast<conversation*>(self)->watch_socket(fd, readable != 0, writable != 0);
        };
        options.sock_state_cb_data = this;
        int mask =
            ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
        int status = ares_init_options(&channel_, &options, mask);
        if (status != ARES_SUCCESS) {
            channel_ = nullptr;
            return status;
        }
        return with.servers.empty() ? status : ares_set_servers_ports_csv(channel_, with.servers.c_str());
    }

    void ask(const std::string& name, int family, ares_addrinfo_callback callback) {
        ares_addrinfo_hints hints{};
        hints.ai_family = family;
        hints.ai_socktype = SOCK_STREAM;
        ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, callback, this);
    }

    void answer(family_answer& of, int status, ares_addrinfo* found) {
        of.what = kind_of(status);
        if (of.what == family_answer::kind::no_answer) of.why = ares_strerror(status);
        if (found) {
            for (auto* node = found->nodes; node; node = node->ai_next)
                of.addresses.push_back(address_of(*node));
            ares_freeaddrinfo(found);
        }
        if (of.what == family_answer::kind::found && of.addresses.empty())
            of.what = family_answer::kind::no_addresses;
        if (progress_) progress_();
    }

    void split(int status, ares_addrinfo* found) {
        answer(v6, status, found);
        v4.what = v6.what;
        v4.why = v6.why;
        auto all = std::exchange(v6.addresses, {});
        for (auto& each : all)
            (each.is_v6() ? v6 : v4).addresses.push_back(each);
    }

    void watch_socket(ares_socket_t fd, bool readable, bool writable) {
        auto at = watches_.find(fd);
        if (!readable && !writable) {
            if (at == watches_.end()) return;
            at->second->descriptor.release(); // c-ares closes it
            watches_.erase(at);
            return;
        }
        if (at == watches_.end()) at = watches_.emplace(fd, std::make_shared<watch>(strand_, fd)).first;
        at->second->wants_read = readable;
        at->second->wants_write = writable;
        wait_on(fd, at->second);
    }

    void wait_on(ares_socket_t fd, const std::shared_ptr<watch>& on) {
        if (on->wants_read && !on->waits_read) {
            on->waits_read = true;
            on->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                      [weak = weak_from_this(), fd, on](error_code ec) {
                                          on->waits_read = false;
                                          if (auto self = weak.lock(); self && !ec) self->ready(fd, on, true);
                                      });
        }
        if (on->wants_write && !on->waits_write) {
            on->waits_write = true;
            on->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                      [weak = weak_from_this(), fd, on](error_code ec) {
                                          on->waits_write = false;
                                          if (auto self = weak.lock(); self && !ec)
                                              self->ready(fd, on, false);
                                      });
        }
    }

    // c-ares may have closed this socket, and opened another with the same number, since the wait began.
    bool still_watched(ares_socket_t fd, const std::shared_ptr<watch>& on) const {
        auto at = watches_.find(fd);
        return channel_ && at != watches_.end() && at->second == on;
    }

    void ready(ares_socket_t fd, const std::shared_ptr<watch>& on, bool to_read) {
        if (!still_watched(fd, on)) return;
        ares_process_fd(channel_, to_read ? fd : ARES_SOCKET_BAD, to_read ? ARES_SOCKET_BAD : fd);
        if (still_watched(fd, on)) wait_on(fd, on);
        arm_timer();
    }

    void arm_timer() {
        timeval left{};
        if (!channel_ || !ares_timeout(channel_, nullptr, &left)) return;
        timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec));
        timer_.async_wait([weak = weak_from_this()](error_code ec) {
            auto self = weak.lock();
            if (ec || !self || !self->channel_) return;
            ares_process_fd(self->channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            self->arm_timer();
        });
    }

    asio::any_io_executor strand_;
    asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    std::map<ares_socket_t, std::shared_ptr<watch>> watches_;
    std::function<void()> progress_;
};

class ares_query final : public query {
public:
    ares_query(asio::any_io_executor strand, std::string name, source where, const settings& with)
        : name_(std::move(name))
        , where_(where)
        , settings_(with)
        , talk_(std::make_shared<conversation>(std::move(strand))) {}
    ~ares_query() override { talk_->stop(); }

    void start(std::function<void()> progress) override {
        talk_->start(name_, where_, settings_, std::move(progress));
    }
    const family_answer& v6() const override { return talk_->v6; }
    const family_answer& v4() const override { return talk_->v4; }

private:
    const std::string name_;
    const source where_;
    const settings settings_;
    std::shared_ptr<conversation> talk_;
};

} // namespace

std::unique_ptr<query> make_query(asio::any_io_executor strand, std::string name, source where,
                                  const settings& with) {
    return std::make_unique<ares_query>(std::move(strand), std::move(name), where, with);
}

} // namespace hosting::dns
