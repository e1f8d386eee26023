#include "adapters/store/store.hpp"

#include "adapters/store/answer.hpp"
#include "adapters/store/keeper.hpp"

#include <condition_variable>
#include <csignal>
#include <functional>
#include <mutex>
#include <pthread.h>
#include <thread>
#include <utility>

namespace hosting {
namespace {

namespace asio = boost::asio;
using store::answer;
using store::batch;

// So many keys are written without waiting for more.
constexpr std::size_t large_batch = 1'000;

struct order_request {
    order_record what;
    answer<result<void>> done;
};

// What was handed in and not yet taken by the thread.
struct inbox {
    batch pending;
    steady_time pending_since; // while it is not empty
    std::vector<order_request> orders;
    std::vector<answer<result<memories>>> loads;
    std::vector<answer<bool>> flushes;
    bool ending = false;

    // Somebody waits for it.
    [[nodiscard]] bool is_urgent() const noexcept {
        return ending || !orders.empty() || !loads.empty() || !flushes.empty();
    }
};

class sqlite_memory final : public memory {
public:
    sqlite_memory(asio::any_io_executor executor, const std::filesystem::path& folder, log& l,
                  const store_timing& timing)
        : executor_(std::move(executor))
        , timing_(timing)
        , keeper_(folder / "state.db", l, timing)
        , id_(keeper_.installation_id())
        , thread_([this] { run(); }) {}

    ~sqlite_memory() override {
        put([](inbox& in) { in.ending = true; });
    }

    asio::awaitable<result<memories>> load() override {
        return store::ask_and_wait<result<memories>>(executor_, [this](answer<result<memories>> done) {
            put([&](inbox& in) { in.loads.push_back(std::move(done)); });
        });
    }

    std::string installation_id() const override {
        const std::lock_guard lock(mutex_);
        return id_;
    }

    void keep(site_record what) override {
        put([&](inbox& in) {
            auto& of_key = in.pending.sites[what.site_id];
            of_key = std::move(what);
        });
    }
    void forget_site(std::string site_id) override {
        put([&](inbox& in) { in.pending.sites[std::move(site_id)] = std::nullopt; });
    }
    void keep(server_facts what) override {
        put([&](inbox& in) {
            auto& of_key = in.pending.servers[what.place];
            of_key = std::move(what);
        });
    }
    void keep(incident_record what) override {
        put([&](inbox& in) {
            auto& of_key = in.pending.incidents[what.place];
            of_key = std::move(what);
        });
    }
    void forget_incident(std::string place) override {
        put([&](inbox& in) { in.pending.incidents[std::move(place)] = std::nullopt; });
    }
    void end_order(order_record what) override {
        put([&](inbox& in) {
            auto& of_key = in.pending.orders[what.id];
            of_key = std::move(what);
        });
    }

    asio::awaitable<result<order_answer>> keep_order(order_record what) override {
        auto ask = asking_to_keep(std::move(what));
        const auto kept = co_await store::ask_and_wait<result<void>>(executor_, std::move(ask));
        if (!kept) co_return kept.error();
        co_return order_answer();
    }

    asio::awaitable<void> flush() override {
        auto ask = asking_to_flush();
        co_await store::ask_and_wait<bool>(executor_, std::move(ask));
    }

private:
    std::function<void(answer<result<void>>)> asking_to_keep(order_record what) {
        return [this, what = std::move(what)](answer<result<void>> done) mutable {
            put([&](inbox& in) { in.orders.push_back({std::move(what), std::move(done)}); });
        };
    }

    std::function<void(answer<bool>)> asking_to_flush() {
        return [this](answer<bool> done) { put([&](inbox& in) { in.flushes.push_back(std::move(done)); }); };
    }

    template<class F>
    void put(const F& change) {
        const std::lock_guard lock(mutex_);
        const bool was_empty = inbox_.pending.empty();
        change(inbox_);
        if (was_empty) inbox_.pending_since = std::chrono::steady_clock::now();
        const auto waiting = inbox_.pending.size();
        if (inbox_.is_urgent() || (was_empty && waiting > 0) || waiting >= large_batch ||
            !inbox_.pending.servers.empty())
            changed_.notify_one();
    }

    // Below: the thread's.

    void run() {
        sigset_t all;
        sigfillset(&all);
        ::pthread_sigmask(SIG_BLOCK, &all, nullptr); // signals are for the event loop
        ::pthread_setname_np(::pthread_self(), "store");
        for (bool ended = false; !ended;) {
            auto work = next_work();
            ended = work.ending;
            serve(work);
        }
    }

    inbox next_work() {
        std::unique_lock lock(mutex_);
        while (!inbox_.is_urgent()) {
            const auto when = due();
            if (when <= std::chrono::steady_clock::now()) break;
            if (when == steady_time::max())
                changed_.wait(lock);
            else
                changed_.wait_until(lock, when);
        }
        return std::exchange(inbox_, inbox());
    }

    // When there is something to do although nobody waits for it.
    [[nodiscard]] steady_time due() const {
        if (keeper_.trouble()) return keeper_.next_try();
        if (inbox_.pending.empty()) return steady_time::max();
        // What is known of servers changes rarely, and keeps the next life from another login.
        if (inbox_.pending.size() >= large_batch || !inbox_.pending.servers.empty())
            return steady_time::min();
        return inbox_.pending_since + timing_.batch_within;
    }

    void serve(inbox& work) {
        for (auto& loaded : work.loads) {
            auto all = keeper_.load();
            publish_id();
            loaded(std::move(all));
        }
        const auto written = write(work);
        publish_id();
        if (!written) put([&](inbox& in) { in.pending.put_under(std::move(work.pending)); });
        for (auto& order : work.orders)
            order.done(written);
        for (auto& flushed : work.flushes)
            flushed(true);
    }

    result<void> write(const inbox& work) {
        if (work.pending.empty() && work.orders.empty() && !keeper_.trouble()) return {};
        const bool try_now = !keeper_.trouble() || !work.flushes.empty() || work.ending ||
                             std::chrono::steady_clock::now() >= keeper_.next_try();
        if (!try_now) return *keeper_.trouble();
        std::vector<order_record> orders;
        for (const auto& o : work.orders)
            orders.push_back(o.what);
        return keeper_.write(work.pending, orders);
    }

    void publish_id() {
        const std::lock_guard lock(mutex_);
        id_ = keeper_.installation_id();
    }

    const asio::any_io_executor executor_;
    const store_timing timing_;
    store::keeper keeper_; // the thread's alone, once it runs

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    inbox inbox_;
    std::string id_;

    std::jthread thread_; // last, and so joined first: it uses all of the above
};

} // namespace

std::unique_ptr<memory> make_store(asio::any_io_executor executor, const std::filesystem::path& state_dir,
                                   log& l, store_timing timing) {
    return std::make_unique<sqlite_memory>(std::move(executor), state_dir, l, timing);
}

} // namespace hosting
