#include "adapters/http/client.hpp"

#include "adapters/http/connection.hpp"
#include "adapters/http/message.hpp"
#include "adapters/http/slots.hpp"
#include "adapters/http/tls.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <set>
#include <tuple>

namespace hosting::http {
namespace {

namespace asio = boost::asio;
using clock = std::chrono::steady_clock;
using failure_kind = transport_failure::kind;

constexpr std::chrono::seconds longest_idle{25}; // see client.hpp

std::string name_of(const url& where) { return where.host + " port " + std::to_string(where.port); }

// The connections of all origins. Everything private runs on the strand.
class pool : public std::enable_shared_from_this<pool> {
public:
    pool(asio::any_io_executor executor, settings with, resolver& names,
         std::shared_ptr<asio::ssl::context> trusted)
        : strand_(asio::make_strand(executor))
        , settings_(std::move(with))
        , resolver_(names)
        , tls_(std::move(trusted)) {}

    asio::awaitable<exchange> send(request what) {
        auto done = run(shared_from_this(), std::move(what));
        co_return co_await asio::co_spawn(strand_, std::move(done), asio::use_awaitable);
    }

    void close() {
        asio::dispatch(strand_, [self = shared_from_this()] {
            self->closed_ = true;
            for (auto& [key, each] : self->origins_) {
                each.idle.clear();
                each.places->close();
            }
            for (const auto& each : self->busy_)
                each->close();
        });
    }

private:
    struct kept_connection {
        std::shared_ptr<connection> link;
        clock::time_point since;
    };
    struct origin {
        std::shared_ptr<slots> places;
        std::vector<kept_connection> idle; // the last one was used last
    };

    // Where close() finds a connection in use.
    class in_use {
    public:
        in_use(pool& of, std::shared_ptr<connection> link)
            : pool_(of)
            , link_(std::move(link)) {
            pool_.busy_.insert(link_);
        }
        in_use(const in_use&) = delete;
        in_use& operator=(const in_use&) = delete;
        ~in_use() { pool_.busy_.erase(link_); }

    private:
        pool& pool_;
        std::shared_ptr<connection> link_;
    };

    // `self` keeps the pool while the exchange lasts.
    static asio::awaitable<exchange> run(std::shared_ptr<pool> self, request what) {
        auto limit = clock::now() + self->settings_.timeout;
        bool repeatable = what.repeatable || what.method == "GET";
        auto bytes = to_wire(what, self->settings_.user_agent);
        if (!bytes) co_return self->unsent(what.where, "the request or a key holds a control character");
        if (self->closed_) co_return self->unsent(what.where, "the client was closed");

        origin& at = self->origin_of(what.where);
        auto place = co_await at.places->take(limit);
        if (!place) co_return self->unsent(what.where, "no connection became free in time");

        auto link = self->reuse(at);
        for (bool kept = link != nullptr;; kept = false) {
            if (!link) {
                auto opened = co_await self->open(what.where, limit);
                if (!opened) co_return opened.error();
                link = *opened;
            }
            in_use held(*self, link);
            auto tried = co_await link->exchange(*bytes, self->settings_.body_limit, limit);
            if (tried.answer) {
                if (tried.reusable && !self->closed_) at.idle.push_back({link, clock::now()});
                co_return std::move(*tried.answer);
            }
            bool stale = kept && tried.bytes_received == 0 && !tried.timed_out && !self->closed_;
            if (stale && (repeatable || tried.bytes_sent == 0)) {
                at.idle.clear();
                link = nullptr;
                continue;
            }
            if (tried.bytes_sent == 0) co_return self->unsent(what.where, tried.why);
            co_return self->unknown(what.where, tried.why);
        }
    }

    asio::awaitable<boost::system::result<std::shared_ptr<connection>, transport_failure>>
    open(url where, clock::time_point limit) {
        auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - clock::now());
        auto found = co_await resolver_.resolve(where.host, left);
        if (closed_) co_return unsent(where, "the client was closed");
        if (found.what != resolution::kind::found) co_return unsent(where, found.detail);
        if (where.tls && !tls_) {
            auto made = make_tls_context({});
            if (!made) co_return unsent(where, made.error().detail);
            tls_ = *made;
        }
        auto link = make_connection(strand_, where, where.tls ? tls_ : nullptr);
        in_use held(*this, link);
        auto failed = co_await link->open(std::move(found.addresses), limit);
        if (failed) co_return *failed;
        co_return link;
    }

    origin& origin_of(const url& where) {
        auto& at = origins_[std::tuple(where.tls, where.host, where.port)];
        if (!at.places) at.places = std::make_shared<slots>(settings_.connections_per_origin);
        return at;
    }

    std::shared_ptr<connection> reuse(origin& at) {
        auto too_old = clock::now() - longest_idle;
        for (auto& [key, each] : origins_)
            std::erase_if(each.idle, [&](const kept_connection& kept) { return kept.since < too_old; });
        while (!at.idle.empty()) {
            auto link = std::move(at.idle.back().link);
            at.idle.pop_back();
            if (link->looks_alive()) return link;
        }
        return nullptr;
    }

    static transport_failure unsent(const url& where, const std::string& why) {
        return {failure_kind::unreachable, name_of(where) + ": " + why};
    }
    static transport_failure unknown(const url& where, const std::string& why) {
        return {failure_kind::outcome_unknown, name_of(where) + " did not answer completely: " + why};
    }

    asio::strand<asio::any_io_executor> strand_;
    const settings settings_;
    resolver& resolver_;
    std::shared_ptr<asio::ssl::context> tls_; // null until first needed, where no CA file was given
    std::map<std::tuple<bool, std::string, std::uint16_t>, origin> origins_;
    std::set<std::shared_ptr<connection>> busy_;
    bool closed_ = false;
};

class pooled_client final : public client {
public:
    explicit pooled_client(std::shared_ptr<pool> connections)
        : pool_(std::move(connections)) {}
    ~pooled_client() override { pool_->close(); }
    asio::awaitable<exchange> send(request what) override { return pool_->send(std::move(what)); }
    void close() override { pool_->close(); }

private:
    std::shared_ptr<pool> pool_;
};

} // namespace

result<std::unique_ptr<client>> make_client(asio::any_io_executor executor, settings with, resolver& names) {
    std::shared_ptr<asio::ssl::context> trusted;
    if (!with.ca_file.empty()) {
        auto made = make_tls_context(with.ca_file);
        if (!made) return made.error();
        trusted = *made;
    }
    if (with.connections_per_origin == 0) with.connections_per_origin = 1;
    auto connections =
        std::make_shared<pool>(std::move(executor), std::move(with), names, std::move(trusted));
    return std::unique_ptr<client>(std::make_unique<pooled_client>(std::move(connections)));
}

} // namespace hosting::http
