#include "daemon/endpoint/endpoint.hpp"

#include "daemon/endpoint/desk.hpp"
#include "daemon/endpoint/listen_address.hpp"
#include "daemon/endpoint/session.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

namespace hosting::endpoint {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

constexpr auto token = asio::as_tuple(asio::use_awaitable);
constexpr auto pause_without_descriptors = 1s;

// Held by what runs, so that it outlives the server's owner.
class listener : public std::enable_shared_from_this<listener> {
public:
    listener(const asio::any_io_executor& executor, settings s, const surroundings& around)
        : strand_(asio::make_strand(executor))
        , acceptor_(strand_)
        , pause_(strand_)
        , ended_(strand_)
        , settings_(std::move(s))
        , journal_(around.journal)
        , desk_(settings_, around) {}

    void start() {
        asio::post(strand_, [self = shared_from_this()] {
            if (!self->settings_.listen.empty()) self->spawn(self->listen());
        });
    }

    asio::awaitable<void> stop() {
        auto job = end(shared_from_this());
        return asio::co_spawn(strand_, std::move(job), asio::use_awaitable);
    }

private:
    void spawn(asio::awaitable<void> job) {
        ++running_;
        asio::co_spawn(strand_, std::move(job),
                       [self = shared_from_this()](const std::exception_ptr& broken) {
                           --self->running_;
                           self->ended_.cancel();
                           if (broken) std::rethrow_exception(broken);
                       });
    }

    static asio::awaitable<void> end(std::shared_ptr<listener> self) {
        self->stopping_ = true;
        self->close_acceptor();
        self->pause_.cancel();
        for (const auto& each : self->sessions_)
            each->close();
        while (self->running_ > 0) {
            self->ended_.expires_at(asio::steady_timer::time_point::max());
            co_await self->ended_.async_wait(token);
        }
    }

    asio::awaitable<void> listen() {
        const auto where = parse_listen_address(settings_.listen);
        if (!where) {
            journal_.write(log_level::warning, "the HTTP endpoint is off: http.listen is no ADDRESS:PORT");
            co_return;
        }
        bool warned = false;
        while (!stopping_) {
            if (const auto failed = open(*where)) {
                if (!std::exchange(warned, true)) warn(*where, *failed);
                co_await wait(settings_.bounds.listen_again);
                continue;
            }
            boost::system::error_code gone;
            journal_.write(log_level::info,
                           "the HTTP endpoint listens on " + to_text(acceptor_.local_endpoint(gone)));
            co_await accept_all();
        }
    }

    std::optional<boost::system::error_code> open(const tcp::endpoint& where) {
        boost::system::error_code failed;
        acceptor_.open(where.protocol(), failed);
        if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
        if (!failed) acceptor_.bind(where, failed);
        if (!failed) acceptor_.listen(tcp::acceptor::max_listen_connections, failed);
        if (!failed) return std::nullopt;
        close_acceptor();
        return failed;
    }

    void close_acceptor() {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
    }

    void warn(const tcp::endpoint& where, const boost::system::error_code& why) {
        journal_.write(log_level::warning, "the HTTP endpoint cannot listen on " + to_text(where) + ": " +
                                               why.message() + "; it is tried again");
    }

    asio::awaitable<void> accept_all() {
        while (!stopping_) {
            auto [failed, socket] = co_await acceptor_.async_accept(token);
            if (stopping_) co_return;
            if (!failed)
                admit(std::move(socket));
            else if (failed == asio::error::no_descriptors || failed == asio::error::no_memory ||
                     failed == asio::error::no_buffer_space)
                co_await wait(pause_without_descriptors);
        }
    }

    asio::awaitable<void> wait(std::chrono::milliseconds time) {
        pause_.expires_after(time);
        co_await pause_.async_wait(token);
    }

    void admit(tcp::socket socket) {
        if (!make_room()) return;
        auto one = make_session(std::move(socket), settings_.bounds, desk_, journal_);
        sessions_.push_back(one);
        spawn(serve(shared_from_this(), std::move(one)));
    }

    static asio::awaitable<void> serve(std::shared_ptr<listener> self, std::shared_ptr<session> one) {
        co_await one->run();
        std::erase(self->sessions_, one);
    }

    // False: nobody can be sent away.
    bool make_room() {
        if (sessions_.size() < settings_.bounds.connections) return true;
        const auto patience = [](const auto& each) {
            return each->waits_since().value_or(std::chrono::steady_clock::time_point::max());
        };
        const auto oldest = std::ranges::min_element(sessions_, {}, patience);
        if (oldest == sessions_.end() || !(*oldest)->waits_since()) return false;
        (*oldest)->close();
        sessions_.erase(oldest);
        return true;
    }

    asio::strand<asio::any_io_executor> strand_;
    tcp::acceptor acceptor_;
    asio::steady_timer pause_;
    asio::steady_timer ended_;
    const settings settings_;
    log& journal_;
    desk desk_;
    std::vector<std::shared_ptr<session>> sessions_; // that were not sent away
    std::size_t running_ = 0;                        // coroutines
    bool stopping_ = false;
};

class listening_server final : public server {
public:
    explicit listening_server(std::shared_ptr<listener> all)
        : all_(std::move(all)) {}
    void start() override { all_->start(); }
    asio::awaitable<void> stop() override { return all_->stop(); }

private:
    std::shared_ptr<listener> all_;
};

} // namespace

std::unique_ptr<server> make_server(asio::any_io_executor executor, settings s, const surroundings& around) {
    return std::make_unique<listening_server>(std::make_shared<listener>(executor, std::move(s), around));
}

} // namespace hosting::endpoint
