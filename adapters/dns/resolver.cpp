#include "adapters/dns/resolver.hpp"

#include "adapters/dns/query.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <sys/socket.h>
#include <unistd.h>

namespace hosting::dns {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;

// Once one family has answered with addresses the other is waited for this long: some servers never answer
// AAAA.
constexpr std::chrono::milliseconds second_family_patience{300};
constexpr std::size_t longest_name = 255;

resolution no_answer(const std::string& name, const char* why) {
    resolution out;
    out.detail = "DNS gave no answer about the name " + name + ": " + why;
    return out;
}

// Connecting a UDP socket sends nothing; it only asks the kernel for a route.
bool has_route(const asio::ip::address& to) {
    asio::ip::udp::endpoint target(to, 53);
    int fd = ::socket(target.protocol().family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    bool routed = ::connect(fd, target.data(), static_cast<socklen_t>(target.size())) == 0;
    ::close(fd);
    return routed;
}

void put_unreachable_last(std::vector<asio::ip::address>& addresses) {
    if (addresses.size() > 1) std::ranges::stable_partition(addresses, has_route);
}

// Everything here runs on the strand. Look-ups keep it alive.
class desk {
public:
    desk(asio::any_io_executor executor, settings with)
        : strand(asio::make_strand(executor))
        , settings_(std::move(with)) {
        settings_.parallel = std::max<std::size_t>(settings_.parallel, 1);
    }

    static asio::awaitable<resolution> look_up(std::shared_ptr<desk> self, std::string name,
                                               clock::time_point limit) {
        turn own(*self);
        while (!own.come) {
            bool in_time = co_await wait(own.timer, limit);
            if (!own.come && !in_time) co_return no_answer(name, "too many look-ups at a time");
        }
        resolution found = self->from_hosts_file(name);
        if (found.what == resolution::kind::found) co_return found;

        auto asked = make_query(self->strand, name, source::dns, self->settings_);
        asked->start([&own] { own.timer.cancel(); });
        auto patience = limit;
        while (!settled(asked->v6(), asked->v4())) {
            if (has_addresses(*asked)) patience = std::min(patience, clock::now() + second_family_patience);
            if (!co_await wait(own.timer, patience)) break;
        }
        found = combine(name, asked->v6(), asked->v4());
        put_unreachable_last(found.addresses);
        co_return found;
    }

    const asio::strand<asio::any_io_executor> strand;

private:
    // A place among the parallel look-ups, or in the queue for one.
    struct turn {
        explicit turn(desk& of)
            : at(of)
            , timer(of.strand)
            , come(of.running_ < of.settings_.parallel) {
            if (come)
                ++at.running_;
            else
                at.waiting_.push_back(this);
        }
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn() {
            if (!come) {
                std::erase(at.waiting_, this);
            } else if (at.waiting_.empty()) {
                --at.running_;
            } else {
                turn* next = at.waiting_.front();
                at.waiting_.pop_front();
                next->come = true;
                next->timer.cancel();
            }
        }
        desk& at;
        asio::steady_timer timer;
        bool come;
    };

    // False when the limit was reached, true when something cancelled the timer before.
    static asio::awaitable<bool> wait(asio::steady_timer& timer, clock::time_point limit) {
        boost::system::error_code ec;
        timer.expires_at(limit);
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        co_return ec&& clock::now() < limit;
    }

    static bool has_addresses(const query& asked) {
        return !asked.v6().addresses.empty() || !asked.v4().addresses.empty();
    }

    resolution from_hosts_file(const std::string& name) const {
        auto asked = make_query(strand, name, source::hosts_file, settings_);
        asked->start(nullptr);
        return combine(name, asked->v6(), asked->v4());
    }

    settings settings_;
    std::size_t running_ = 0;
    std::deque<turn*> waiting_;
};

class ares_resolver final : public resolver {
public:
    ares_resolver(asio::any_io_executor executor, settings with)
        : desk_(std::make_shared<desk>(std::move(executor), std::move(with))) {}

    asio::awaitable<resolution> resolve(std::string name, std::chrono::milliseconds limit) override {
        auto at = desk_;
        boost::system::error_code not_an_address;
        auto literal = asio::ip::make_address(name, not_an_address);
        if (!not_an_address) {
            resolution found;
            found.what = resolution::kind::found;
            found.addresses.push_back(literal);
            co_return found;
        }
        if (name.empty() || name.size() > longest_name || name.find('\0') != name.npos) {
            resolution none;
            none.what = resolution::kind::no_such_name;
            none.detail = "there is no host name, or one that cannot exist";
            co_return none;
        }
        auto done = desk::look_up(at, std::move(name), clock::now() + limit);
        co_return co_await asio::co_spawn(at->strand, std::move(done), asio::use_awaitable);
    }

private:
    std::shared_ptr<desk> desk_;
};

} // namespace

std::unique_ptr<resolver> make_resolver(asio::any_io_executor executor, settings with) {
    return std::make_unique<ares_resolver>(std::move(executor), std::move(with));
}

} // namespace hosting::dns
