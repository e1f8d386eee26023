#include "tests/unit/store/store_fixture.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using namespace hosting::test;
namespace asio = boost::asio;

namespace {

constexpr unsigned rounds = 25;

// One of many that work with the store at the same time.
asio::awaitable<unsigned> at_work(memory& store, unsigned number) {
    const auto strand = co_await asio::this_coro::executor;
    unsigned wrong = 0;
    const auto key = std::to_string(number);
    for (unsigned n = 1; n <= rounds; ++n) {
        store.keep(site_of(key, n));
        store.keep(incident_of(key, n));
        store.keep(facts_of(key));
        auto order = order_of(std::uint64_t{number} * 1'000 + n);
        const auto kept = co_await store.keep_order(order);
        wrong += !kept ||
                 !strand.target<asio::strand<asio::io_context::executor_type>>()->running_in_this_thread();
        order.end = order_end::issued;
        store.end_order(order);
        wrong += store.installation_id().size() != 36;
        if (n % 10 == 0) co_await store.flush();
    }
    store.forget_incident(key);
    co_return wrong;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(store_threads, store_fixture)

BOOST_AUTO_TEST_CASE(four_threads_share_a_store) {
    constexpr unsigned workers = 16;
    start();
    std::vector<std::future<unsigned>> ended;
    for (unsigned i = 0; i < workers; ++i) {
        auto work = at_work(*store, i);
        ended.push_back(
            asio::co_spawn(asio::make_strand(loop.get_executor()), std::move(work), asio::use_future));
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] { loop.run(); });
    for (auto& t : threads)
        t.join();
    for (auto& e : ended)
        BOOST_TEST(e.get() == 0U);
    restart();
    const auto all = loaded();
    BOOST_REQUIRE(all.sites.size() == workers);
    for (const auto& s : all.sites)
        BOOST_TEST(s.progress.snoozes == rounds);
    BOOST_TEST(all.orders.size() == workers * rounds);
    for (const auto& o : all.orders)
        BOOST_TEST((o.end == order_end::issued));
    BOOST_TEST(all.servers.size() == workers);
    BOOST_TEST(all.incidents.empty());
    BOOST_TEST(journal.lines().empty());
}

BOOST_AUTO_TEST_CASE(stores_come_and_go_while_others_wait) {
    for (int i = 0; i < 20; ++i) {
        start();
        store->keep(site_of(std::to_string(i)));
        auto kept = begin(store->keep_order(order_of(static_cast<std::uint64_t>(i))));
        loop.restart();
        loop.poll();
        store.reset();
        loop.run();
        BOOST_TEST(kept.get().has_value());
    }
    start();
    BOOST_TEST(loaded().sites.size() == 20U);
}

BOOST_AUTO_TEST_SUITE_END()
