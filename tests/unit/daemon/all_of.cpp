#include "daemon/all_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> job(std::string& record, char name, int turns) {
    for (int i = 0; i < turns; ++i) {
        record.push_back(name);
        co_await asio::post(asio::use_awaitable);
    }
    if (name == '!') throw std::runtime_error("broken");
}

void run(std::vector<asio::awaitable<void>> jobs) {
    asio::io_context io;
    auto done = asio::co_spawn(io, hosting::all_of(std::move(jobs)), asio::use_future);
    io.run();
    done.get();
}

} // namespace

BOOST_AUTO_TEST_SUITE(several_coroutines)

BOOST_AUTO_TEST_CASE(they_take_turns_and_all_end) {
    std::string record;
    std::vector<asio::awaitable<void>> jobs;
    jobs.push_back(job(record, 'a', 3));
    jobs.push_back(job(record, 'b', 1));
    jobs.push_back(job(record, 'c', 0));
    run(std::move(jobs));
    BOOST_TEST(record == "abaa");
}

BOOST_AUTO_TEST_CASE(none_is_done_at_once) { run({}); }

BOOST_AUTO_TEST_CASE(what_one_threw_comes_when_all_have_ended) {
    std::string record;
    const auto run_two = [&record] {
        std::vector<asio::awaitable<void>> jobs;
        jobs.push_back(job(record, '!', 1));
        jobs.push_back(job(record, 'a', 3));
        run(std::move(jobs));
    };
    BOOST_CHECK_THROW(run_two(), std::runtime_error);
    BOOST_TEST(record == "!aaa");
}

BOOST_AUTO_TEST_SUITE_END()
