#include "daemon/queue_mode.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

using namespace hosting;
using shared_queue::work_view;
namespace asio = boost::asio;

namespace {

using seen_work = result<std::optional<work_view>>;

work_view queue_with(std::vector<shared_queue::worker_view> workers) {
    return {shared_queue::wanted_version, std::move(workers)};
}

// The Hub's rows, of which only the questions are counted.
class counted_rows : public site_queue {
public:
    unsigned asked = 0;

    asio::awaitable<result<pending_rows>> pending() override {
        ++asked;
        co_return pending_rows();
    }
    asio::awaitable<result<pending_rows>> newest() override {
        ++asked;
        co_return pending_rows();
    }
    asio::awaitable<result<std::optional<site>>> read(std::string) override {
        ++asked;
        co_return std::optional<site>();
    }
    asio::awaitable<result<std::vector<server>>> servers() override { co_return std::vector<server>(); }
    asio::awaitable<result<secret>> private_key(std::string) override { co_return secret(); }
    asio::awaitable<result<delivery>> report(site, outcome) override { co_return delivery::written; }
};

struct alone {
    counted_rows rows;
    seen_work seen = std::optional<work_view>();
    unsigned looks = 0;
    std::unique_ptr<site_queue> queue = make_sole_queue(rows, [this] { return look(); });

    asio::awaitable<seen_work> look() {
        ++looks;
        co_return seen;
    }

    std::optional<errc> poll() {
        asio::io_context io;
        std::optional<result<pending_rows>> answer;
        asio::co_spawn(io, queue->pending(), [&](const std::exception_ptr&, result<pending_rows> given) {
            answer = std::move(given);
        });
        io.run();
        BOOST_REQUIRE(answer.has_value());
        return *answer ? std::nullopt : std::optional(answer->error().code);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(queue_mode)

BOOST_AUTO_TEST_CASE(a_shared_queue_must_be_there_and_of_our_version) {
    BOOST_TEST(!misfit(true, queue_with({})).has_value());
    const auto none = misfit(true, std::nullopt);
    BOOST_REQUIRE(none.has_value());
    BOOST_TEST(none->detail.find("run conf/shared-queue.sql") != std::string::npos);
    auto other = queue_with({});
    other.version = shared_queue::wanted_version - 1;
    BOOST_TEST(misfit(true, other)->detail.find("run conf/shared-queue.sql") != std::string::npos);
    other.version = shared_queue::wanted_version + 1;
    BOOST_TEST(misfit(true, other)->detail.find("upgrade this program") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(whoever_wants_the_sites_for_itself_is_told_who_holds_some) {
    BOOST_TEST(!misfit(false, std::nullopt).has_value());
    BOOST_TEST(!misfit(false, queue_with({{"idle", "host", 0}})).has_value());
    const auto why = misfit(false, queue_with({{"one", "alpha", 3}, {"idle", "host", 0}}));
    BOOST_REQUIRE(why.has_value());
    BOOST_TEST(why->detail.find("one on alpha (3 sites);") != std::string::npos);
    const auto of_many = misfit(false, queue_with(std::vector<shared_queue::worker_view>(8, {"w", "h", 1})));
    BOOST_REQUIRE(of_many.has_value());
    BOOST_TEST(of_many->detail.find("(1 site) and 3 more") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_row_is_read_before_it_is_known_that_nobody_else_holds_any) {
    alone a;
    a.seen = failure{errc::supabase_unreachable, "away"};
    BOOST_TEST((a.poll() == errc::supabase_unreachable));
    a.seen = std::optional(queue_with({{"one", "alpha", 3}}));
    BOOST_TEST((a.poll() == errc::supabase_refused));
    BOOST_TEST(a.rows.asked == 0U);
    a.seen = std::optional(queue_with({}));
    BOOST_TEST(!a.poll().has_value());
    BOOST_TEST(!a.poll().has_value());
    BOOST_TEST(a.rows.asked == 2U);
    BOOST_TEST(a.looks == 3U);
}

BOOST_AUTO_TEST_CASE(what_check_says) {
    using state = finding::state;
    BOOST_TEST((judge_queue(false, std::optional<work_view>()).how == state::ok));
    BOOST_TEST((judge_queue(true, std::optional<work_view>()).how == state::wrong));
    BOOST_TEST((judge_queue(true, failure{errc::supabase_unreachable, "away"}).how == state::wrong));
    const auto well = judge_queue(true, std::optional(queue_with({{"one", "alpha", 3}})));
    BOOST_TEST((well.how == state::ok));
    BOOST_TEST(well.what == "shared (version 1), held by one on alpha (3 sites)");
}

BOOST_AUTO_TEST_SUITE_END()
