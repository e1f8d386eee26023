#include "core/dispatcher.hpp"
#include "fakes.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace hosting;
using fakes::world;
namespace asio = boost::asio;

namespace {

// A daemon in a small world, that is asked and told things while it runs.
struct running {
    world w;
    std::unique_ptr<dispatcher> d;
    unsigned polled = 0;
    bool ended = false;

    explicit running(dispatcher_settings settings = {}) {
        d = make_dispatcher(w.io.get_executor(), std::move(settings), w.ports);
    }

    void start() {
        dispatcher_task task;
        task.polled = [this] { ++polled; };
        asio::co_spawn(w.io, d->run(std::move(task)),
                       [this](const std::exception_ptr& e, const dispatcher_summary&) {
                           if (e) std::rethrow_exception(e);
                           ended = true;
                       });
        until([this] { return polled > 0; });
    }

    ~running() {
        d->stop();
        BOOST_TEST(w.time.run_until([this] { return ended; }));
    }

    void until(const std::function<bool()>& enough) {
        const auto limit = w.time.now().steady + 24h;
        BOOST_TEST(w.time.run_until([&] { return enough() || w.time.now().steady > limit; }));
        BOOST_REQUIRE(enough());
    }

    service_status status() {
        std::optional<service_status> answer;
        asio::co_spawn(w.io, d->status(), [&](const std::exception_ptr& e, service_status s) {
            if (e) std::rethrow_exception(e);
            answer = std::move(s);
        });
        until([&] { return answer.has_value(); });
        return *answer;
    }
};

dispatcher_settings polls_every_hour() {
    dispatcher_settings s;
    s.poll_interval = 1h;
    return s;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dispatcher_questions)

BOOST_AUTO_TEST_CASE(the_status_counts_what_was_done) {
    running r;
    r.w.queue.add("1", "good.com");
    r.w.queue.add("2", "-bad-.com");
    r.start();
    r.until([&] { return r.w.queue.written.size() == 2; });
    r.until([&] { return r.status().sites.running == 0; });
    const auto s = r.status();
    BOOST_TEST(s.active == 1U);
    BOOST_TEST(s.failed == 1U);
    BOOST_TEST(s.last_poll.has_value());
    BOOST_TEST(s.last_success.has_value());
    BOOST_TEST((s.oldest_pending == 0ms));
    BOOST_TEST((s.late == 0ms));
    BOOST_REQUIRE(s.servers.size() == 1U);
    BOOST_TEST(s.servers[0].name == "server-s1");
    BOOST_TEST(!s.servers[0].cause.has_value());
    BOOST_TEST(s.servers[0].orders_remaining == 249U);
}

BOOST_AUTO_TEST_CASE(the_status_names_servers_that_cannot_be_used) {
    running r;
    r.w.servers.server_failures["s1"] = std::deque<failure>(50, failure{errc::ssh_unreachable, "no answer"});
    r.w.queue.add("1", "a.com");
    r.start();
    r.until([&] { return r.status().servers.at(0).cause.has_value(); });
    BOOST_TEST((r.status().servers.at(0).cause == errc::ssh_unreachable));
    const auto begun = r.w.time.now().steady;
    r.until([&] { return r.w.time.now().steady > begun + 10min; });
    BOOST_TEST((r.status().oldest_pending >= 10min));
}

BOOST_AUTO_TEST_CASE(the_status_says_that_supabase_is_away) {
    running r;
    r.w.queue.poll_failures.assign(3, failure{errc::supabase_unreachable, "503"});
    r.start();
    BOOST_TEST(r.status().supabase_away);
    BOOST_TEST(!r.status().last_poll.has_value());
    r.until([&] { return !r.status().supabase_away; });
    BOOST_TEST(r.status().last_poll.has_value());
}

BOOST_AUTO_TEST_CASE(a_poll_that_is_asked_for_comes_at_once) {
    running r(polls_every_hour());
    r.start();
    const auto begun = r.w.time.now().steady;
    r.w.queue.add("1", "new.com");
    r.d->poll_now();
    r.until([&] { return r.w.queue.status("1") == "active"; });
    BOOST_TEST((r.w.time.now().steady - begun < 10min));
}

BOOST_AUTO_TEST_CASE(a_poll_that_is_asked_for_during_another_comes_behind_it) {
    running r(polls_every_hour());
    r.start();
    // The answer of the poll under way lacks the row.
    r.w.queue.before_answer = [&] {
        r.w.queue.before_answer = nullptr;
        r.w.queue.add("1", "new.com");
        r.d->poll_now();
    };
    const auto begun = r.w.time.now().steady;
    r.d->poll_now();
    r.until([&] { return r.w.queue.rows.contains("1") && r.w.queue.status("1") == "active"; });
    BOOST_TEST((r.w.time.now().steady - begun < 10min));
}

BOOST_AUTO_TEST_CASE(a_row_that_is_asked_for_is_worked_on_whatever_its_state) {
    running r(polls_every_hour());
    r.w.queue.add("1", "was-failed.com").status_hosting = "failed";
    r.start();
    r.d->request("1");
    r.until([&] { return r.w.queue.status("1") == "active"; });
}

BOOST_AUTO_TEST_CASE(a_row_that_does_not_exist_is_a_line) {
    running r;
    r.start();
    r.d->request("none\nat all");
    r.until([&] { return r.w.journal.count("warning there is no row with the id that was asked for") == 1; });
}

BOOST_AUTO_TEST_CASE(a_request_does_not_wait_for_a_retry) {
    running r;
    r.w.servers.failures["a.com"] = {failure{errc::panel_unexpected_answer, "broken"}};
    r.w.queue.add("1", "a.com");
    r.start();
    r.until([&] { return r.status().sites.sleeping == 1; });
    const auto begun = r.w.time.now().steady;
    r.d->request("1");
    r.until([&] { return r.w.queue.status("1") == "active"; });
    BOOST_TEST((r.w.time.now().steady - begun < 5s));
}

BOOST_AUTO_TEST_SUITE_END()
