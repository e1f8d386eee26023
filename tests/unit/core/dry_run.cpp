#include "core/dry_run.hpp"
#include "fakes.hpp"

#include <boost/test/unit_test.hpp>

using namespace hosting;
using fakes::world;
namespace asio = boost::asio;

namespace {

std::vector<std::string> look(world& w, dry_run_summary& summary) {
    std::vector<std::string> lines;
    std::function<void(std::string)> say = [&](std::string text) { lines.push_back(std::move(text)); };
    asio::co_spawn(w.io, dry_run({w.queue, w.servers, w.statistics, w.time}, {}, {}, std::move(say)),
                   [&](const std::exception_ptr& e, dry_run_summary s) {
                       if (e) std::rethrow_exception(e);
                       summary = std::move(s);
                   });
    w.io.run();
    return lines;
}

} // namespace

BOOST_AUTO_TEST_SUITE(dry_runs)

BOOST_AUTO_TEST_CASE(it_says_what_would_be_done_and_does_nothing) {
    world w;
    w.queue.fleet.push_back(world::make_server("s2", false));
    w.queue.add("1", "new.com");
    w.queue.add("2", "x;y");
    w.queue.add("3", "old.com");
    w.queue.add("4", "paused.com", "s2");
    w.servers.sites["old.com"] = {true, "/home/john/htdocs/old.com", "john", std::nullopt};
    w.statistics.ids["old.com"] = 4;
    dry_run_summary summary;
    const auto lines = look(w, summary);
    BOOST_REQUIRE(lines.size() == 4U);
    BOOST_TEST(lines[0] == "new.com on server-s1: would create the site, owned by user_newcom, and order a "
                           "certificate; would be registered in Matomo");
    BOOST_TEST(lines[1].starts_with("2: would not go on: E_DOMAIN_INVALID"));
    BOOST_TEST(lines[2] ==
               "old.com on server-s1: the site exists, owned by john; would order a certificate: none is "
               "installed; is in Matomo as 4");
    BOOST_TEST(lines[3] == "paused.com on server-s2: would wait, the server is paused");
    BOOST_TEST(summary.sites == 4U);
    BOOST_TEST(summary.in_trouble == 1U);
    BOOST_TEST(w.queue.written.empty());
    for (const auto& call : w.servers.calls)
        BOOST_TEST(call.starts_with("look "));
}

BOOST_AUTO_TEST_SUITE_END()
