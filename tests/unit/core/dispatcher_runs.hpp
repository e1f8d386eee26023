// Runs of the dispatcher in a small world: once, or as a daemon until something is so.
#pragma once

#include "core/dispatcher.hpp"
#include "fakes.hpp"

#include <boost/test/unit_test.hpp>

namespace fakes {

using namespace std::chrono_literals;

inline dispatcher_settings quick() {
    dispatcher_settings s;
    s.runner.machine.retry.max_attempts = 3;
    return s;
}

inline dispatcher_summary run_once(world& w, dispatcher_settings settings = quick(), std::string site = {},
                                   std::chrono::milliseconds patience = 24h) {
    const auto d = make_dispatcher(w.io.get_executor(), std::move(settings), w.ports);
    dispatcher_task task;
    task.once = true;
    task.site_id = std::move(site);
    task.patience = patience;
    std::optional<dispatcher_summary> summary;
    asio::co_spawn(w.io, d->run(std::move(task)), [&](const std::exception_ptr& e, dispatcher_summary s) {
        if (e) std::rethrow_exception(e);
        summary = std::move(s);
    });
    BOOST_REQUIRE(w.time.run_until([&] { return summary.has_value(); }));
    return *summary;
}

// Runs as a daemon until `enough`, and then stops it.
template<class Enough>
void run_until(world& w, Enough enough, dispatcher_settings settings = quick()) {
    const auto d = make_dispatcher(w.io.get_executor(), std::move(settings), w.ports);
    bool ended = false;
    asio::co_spawn(w.io, d->run({}), [&](const std::exception_ptr& e, const dispatcher_summary&) {
        if (e) std::rethrow_exception(e);
        ended = true;
    });
    const auto limit = w.time.now().steady + 24h * 30;
    BOOST_TEST(w.time.run_until([&] { return enough() || w.time.now().steady > limit; }));
    BOOST_TEST(enough());
    d->stop();
    BOOST_REQUIRE(w.time.run_until([&] { return ended; }));
}

} // namespace fakes
