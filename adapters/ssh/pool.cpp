#include "adapters/ssh/client.hpp"
#include "adapters/ssh/known_hosts.hpp"
#include "adapters/ssh/library.hpp"
#include "adapters/ssh/server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace hosting::ssh {
namespace {

using boost::asio::awaitable;
using boost::asio::use_awaitable;

// libssh2 sends a request as one packet of at most 35,000 bytes.
constexpr std::size_t longest_command_bytes = 32 * 1024;

class session_pool final : public pool {
public:
    session_pool(boost::asio::any_io_executor executor, settings s, resolver& names, log& l)
        : executor_(std::move(executor))
        , shared_(std::make_shared<shared_parts>(std::move(s), names, l)) {}

    awaitable<result<command_result>> run(endpoint where, key_source key, command what) override {
        if (what.text->size() > longest_command_bytes)
            co_return failure{errc::internal,
                              "a command of " + std::to_string(what.text->size()) + " bytes is too long"};
        const auto target = find(where);
        if (!target) co_return failure{errc::ssh_not_started, "the program is ending"};
        auto job = server::run(target, std::move(key), std::move(what));
        co_return co_await boost::asio::co_spawn(target->strand(), std::move(job), use_awaitable);
    }

    void retire(endpoint where) override {
        const std::lock_guard lock(mutex_);
        const auto found = servers_.find(where);
        if (found == servers_.end()) return;
        if (auto target = found->second.lock())
            boost::asio::post(target->strand(), [target] { target->retire(); });
    }

    awaitable<void> close() override {
        const auto all = close_intake();
        for (const auto& target : all)
            boost::asio::post(target->strand(), [target] { target->close(); });
        for (const auto& target : all) {
            auto job = server::wait_closed(target);
            co_await boost::asio::co_spawn(target->strand(), std::move(job), use_awaitable);
        }
    }

    void on_login(login_listener listener) override { shared_->around.heard = std::move(listener); }

    counts count() const override {
        const auto& s = shared_->around;
        return {.connects = s.connects, .connecting = s.connecting, .connected = s.connected};
    }

private:
    struct shared_parts {
        shared_parts(settings s, resolver& names, log& l)
            : host_keys(s.known_hosts, s.accept_new_host_keys, l, s.remember_host_keys, s.on_new_host_key)
            , around{std::move(s), names, host_keys, l, {}} {}
        known_hosts host_keys;
        surroundings around;
    };

    // A server without a session or a command in hand has gone; its entry is cleared when another one is
    // added.
    std::shared_ptr<server> find(const endpoint& where) {
        const std::lock_guard lock(mutex_);
        if (closed_) return nullptr;
        const auto found = servers_.find(where);
        if (found != servers_.end())
            if (auto known = found->second.lock()) return known;
        std::erase_if(servers_, [](const auto& entry) { return entry.second.expired(); });
        const std::shared_ptr<surroundings> around(shared_, &shared_->around);
        auto made = std::make_shared<server>(executor_, where, around);
        servers_[where] = made;
        return made;
    }

    std::vector<std::shared_ptr<server>> close_intake() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        std::vector<std::shared_ptr<server>> all;
        for (const auto& [where, weak] : servers_)
            if (auto target = weak.lock()) all.push_back(std::move(target));
        return all;
    }

    const boost::asio::any_io_executor executor_;
    const std::shared_ptr<shared_parts> shared_;
    std::mutex mutex_; // guards what follows
    std::map<endpoint, std::weak_ptr<server>> servers_;
    bool closed_ = false;
};

} // namespace

std::unique_ptr<pool> make_pool(boost::asio::any_io_executor executor, settings s, resolver& names, log& l) {
    if (const auto unfit = check_library_version()) throw std::runtime_error(*unfit);
    return std::make_unique<session_pool>(std::move(executor), std::move(s), names, l);
}

} // namespace hosting::ssh
