#include "adapters/clock/system_clock.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <future>
#include <set>
#include <thread>
#include <vector>

using namespace hosting;
using namespace std::chrono_literals;

namespace {

constexpr auto never = steady_time::max();

struct clock_fixture {
    boost::asio::io_context loop;
    std::unique_ptr<hosting::clock> machine = make_system_clock();
    std::unique_ptr<hosting::alarm> bell = machine->make_alarm(loop.get_executor());

    std::future<void> wait_until(steady_time when) {
        auto waiting = bell->wait_until(when);
        return boost::asio::co_spawn(loop, std::move(waiting), boost::asio::use_future);
    }
    static bool is_over(const std::future<void>& wait) {
        return wait.wait_for(0s) == std::future_status::ready;
    }
    void run_what_is_ready() {
        loop.restart();
        loop.poll();
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(system_clock, clock_fixture)

BOOST_AUTO_TEST_CASE(now_is_the_machines) {
    const auto steady = std::chrono::steady_clock::now();
    const auto wall = std::chrono::system_clock::now();
    const auto now = machine->now();
    BOOST_TEST((steady <= now.steady && now.steady <= std::chrono::steady_clock::now()));
    BOOST_TEST((wall <= now.wall && now.wall <= std::chrono::system_clock::now()));
}

BOOST_AUTO_TEST_CASE(dice_are_fair_enough_and_differ_between_clocks) {
    double sum = 0;
    std::set<double> rolls;
    for (int i = 0; i < 10'000; ++i) {
        const double roll = machine->now().roll;
        BOOST_REQUIRE((0 <= roll && roll < 1));
        sum += roll;
        rolls.insert(roll);
    }
    BOOST_TEST((4'500 < sum && sum < 5'500));
    BOOST_TEST(rolls.size() > 9'000);
    BOOST_TEST(!rolls.contains(make_system_clock()->now().roll));
}

BOOST_AUTO_TEST_CASE(an_alarm_wakes_at_its_time) {
    const auto when = std::chrono::steady_clock::now() + 20ms;
    const auto wait = wait_until(when);
    loop.run();
    BOOST_TEST(is_over(wait));
    BOOST_TEST((std::chrono::steady_clock::now() >= when));
}

BOOST_AUTO_TEST_CASE(a_time_in_the_past_wakes_at_once) {
    for (const auto when : {steady_time::min(), std::chrono::steady_clock::now() - 1h}) {
        const auto wait = wait_until(when);
        loop.restart();
        loop.run();
        BOOST_TEST(is_over(wait));
    }
}

BOOST_AUTO_TEST_CASE(ringing_ends_the_wait_under_way) {
    for (const auto when : {never, std::chrono::steady_clock::now() + 1h}) {
        const auto wait = wait_until(when);
        run_what_is_ready();
        BOOST_TEST(!is_over(wait));
        bell->ring();
        run_what_is_ready();
        BOOST_TEST(is_over(wait));
    }
}

BOOST_AUTO_TEST_CASE(ringing_before_ends_the_next_wait_and_ringing_twice_is_ringing_once) {
    bell->ring();
    bell->ring();
    const auto first = wait_until(never);
    run_what_is_ready();
    BOOST_TEST(is_over(first));
    const auto second = wait_until(never);
    run_what_is_ready();
    BOOST_TEST(!is_over(second));
    bell->ring();
    bell->ring();
    run_what_is_ready();
    BOOST_TEST(is_over(second));
    const auto third = wait_until(never);
    run_what_is_ready();
    BOOST_TEST(!is_over(third));
    bell.reset();
    run_what_is_ready();
    BOOST_TEST(is_over(third));
}

BOOST_AUTO_TEST_CASE(threads_share_a_clock) {
    std::vector<std::thread> threads;
    std::atomic<unsigned> outside = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 1'000; ++n) {
                const double roll = machine->now().roll;
                outside += roll < 0 || roll >= 1;
            }
        });
    for (auto& t : threads)
        t.join();
    BOOST_TEST(outside == 0);
}

BOOST_AUTO_TEST_SUITE_END()
