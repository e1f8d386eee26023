// A store on a folder of its own, and what its calls need.
#pragma once

#include "adapters/store/store.hpp"
#include "tests/unit/ssh/memory_log.hpp"
#include "tests/unit/ssh/temporary_folder.hpp"
#include "tests/unit/store/records.hpp"
#include "tests/unit/store/sql.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <vector>

namespace hosting::test {

[[nodiscard]] std::string read_file(const std::filesystem::path&);
void write_file(const std::filesystem::path&, std::string_view text);

struct store_fixture {
    temporary_folder folder;
    std::filesystem::path state_dir = folder.path() / "state";
    std::filesystem::path file = state_dir / "state.db";
    memory_log journal;
    boost::asio::io_context loop;
    std::unique_ptr<memory> store;

    store_fixture() { std::filesystem::create_directory(state_dir); }

    void start(store_timing = impatient());
    // Ends the store and begins another life.
    void restart();

    template<class T>
    std::future<T> begin(boost::asio::awaitable<T> call) {
        return boost::asio::co_spawn(loop, std::move(call), boost::asio::use_future);
    }
    void run() {
        loop.restart();
        loop.run();
    }
    template<class T>
    T wait_for(boost::asio::awaitable<T> call) {
        auto done = begin(std::move(call));
        run();
        return done.get();
    }

    [[nodiscard]] memories loaded(); // sorted; load() must succeed
    bool keep_order(order_record);   // whether that succeeded; a failure must be memory_unusable
    void flush() { wait_for(store->flush()); }
    std::string ask(const std::string& query) const { return sql(file)(query); }
    [[nodiscard]] std::size_t lines_with(std::string_view part) const;

    static store_timing impatient() {
        using std::chrono::milliseconds;
        return {milliseconds(5), milliseconds(5), milliseconds(20)};
    }
};

// Waits until something is so; false after ten seconds.
template<class Condition>
[[nodiscard]] bool eventually(const Condition& is_so) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

} // namespace hosting::test
