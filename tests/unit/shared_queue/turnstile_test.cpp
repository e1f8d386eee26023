#include "adapters/shared_queue/turnstile.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting::shared_queue;
namespace asio = boost::asio;

namespace {

struct passage {
    asio::io_context loop;
    turnstile gate{loop.get_executor()};
    int inside = 0, most = 0, passed = 0;

    asio::awaitable<void> pass(int pauses) {
        const auto turn = co_await gate.take();
        most = std::max(most, ++inside);
        for (int i = 0; i < pauses; ++i) {
            asio::steady_timer pause(loop, std::chrono::milliseconds(0));
            co_await pause.async_wait(asio::use_awaitable);
        }
        --inside;
        ++passed;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(shared_queue_turnstile, passage)

BOOST_AUTO_TEST_CASE(all_pass_one_at_a_time) {
    for (int i = 0; i < 100; ++i)
        asio::co_spawn(loop, pass(i % 3), asio::detached);
    loop.run();
    BOOST_TEST(passed == 100);
    BOOST_TEST(most == 1);
}

BOOST_AUTO_TEST_CASE(it_is_free_again_after_an_exception) {
    auto thrown = [](turnstile& of) -> asio::awaitable<void> {
        const auto turn = co_await of.take();
        throw std::runtime_error("on purpose");
    };
    asio::co_spawn(loop, thrown(gate), [](const std::exception_ptr&) {});
    asio::co_spawn(loop, pass(0), asio::detached);
    loop.run();
    BOOST_TEST(passed == 1);
}

BOOST_AUTO_TEST_SUITE_END()
