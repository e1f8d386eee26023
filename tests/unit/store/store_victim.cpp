// Keeps orders, one after the other, and prints the id of each that was kept, until it is killed.
#include "adapters/store/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

using namespace hosting;

namespace {

class stderr_log final : public hosting::log {
public:
    using hosting::log::write;
    [[nodiscard]] bool enabled(log_level) const noexcept override { return true; }
    void write(log_level, std::string_view message, std::span<const log_field>) override {
        std::fprintf(stderr, "%.*s\n", static_cast<int>(message.size()), message.data());
    }
};

boost::asio::awaitable<void> keep_orders(memory& store) {
    const auto known = co_await store.load();
    if (!known) std::exit(2);
    for (std::uint64_t id = known->orders.size() + 1;; ++id) {
        order_record order;
        order.id = id;
        order.place = "root@192.0.2.1:22";
        order.domain = "a.example";
        order.at = std::chrono::system_clock::now();
        const auto kept = co_await store.keep_order(order);
        if (!kept) std::exit(3);
        std::printf("%llu\n", static_cast<unsigned long long>(id));
        std::fflush(stdout);
    }
}

} // namespace

int main(int, char** arguments) {
    stderr_log journal;
    boost::asio::io_context loop;
    const auto store = make_store(loop.get_executor(), arguments[1], journal);
    auto work = keep_orders(*store);
    boost::asio::co_spawn(loop, std::move(work), [](const std::exception_ptr&) { std::exit(4); });
    loop.run();
}
