// What every implementation of the port memory promises, whatever lies behind it.
#include "tests/conformance/fixture.hpp"

#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>
#include <regex>

using namespace hosting;
using namespace hosting::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

struct contract : conformance_fixture {
    [[nodiscard]] order_record next_order(std::uint64_t number, unsigned at_place) const {
        order_record order = order_of(std::max<std::uint64_t>(of->loaded().first_order_id, 1) + number);
        order.place = place(at_place);
        order.domain = "www." + place(at_place) + ".example";
        return order;
    }

    static std::vector<std::string> ids_of(const std::vector<site_record>& sites) {
        std::vector<std::string> ids;
        for (const auto& each : sites)
            ids.push_back(each.site_id);
        return ids;
    }

    bool keep_order(memory& store, const order_record& what) {
        const auto answer = loop.wait_for(store.keep_order(what));
        BOOST_TEST_REQUIRE(answer.has_value());
        return answer->kept;
    }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(memory_contract, contract)

BOOST_AUTO_TEST_CASE(what_nobody_kept_is_not_there) {
    of->begin();
    const auto all = mine();
    BOOST_TEST(all.orders.empty());
    BOOST_TEST(all.servers.empty());
    BOOST_TEST(all.incidents.empty());
    BOOST_TEST(of->recall(ids_of(of->own_sites(1))).empty());
}

BOOST_AUTO_TEST_CASE(the_installation_keeps_its_id) {
    const auto id = of->begin().installation_id();
    BOOST_TEST(std::regex_match(id, std::regex("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")), id);
    of->end();
    BOOST_TEST(of->begin().installation_id() == id);
}

BOOST_AUTO_TEST_CASE(every_field_of_a_site_is_there_in_the_next_life) {
    auto* store = &of->begin();
    auto kept = of->own_sites(30);
    for (auto& record : kept) {
        record.next_attempt = now_ms() - 1h;
        record.progress = some.site(record.site_id).progress;
        store->keep(record);
    }
    of->end();
    of->begin();
    BOOST_TEST(alike(of->recall(ids_of(kept)), kept));
}

BOOST_AUTO_TEST_CASE(a_site_that_is_done_is_forgotten) {
    auto* store = &of->begin();
    auto kept = of->own_sites(2);
    for (auto& record : kept) {
        record.next_attempt = now_ms() - 1h;
        record.progress.snoozes = 7;
        store->keep(record);
    }
    of->end();
    store = &of->begin();
    BOOST_TEST(of->recall(ids_of(kept)).size() == 2U);
    store->forget_site(kept[0].site_id);
    of->end();
    of->begin();
    BOOST_TEST(alike(of->recall(ids_of(kept)), std::vector{kept[1]}));
}

BOOST_AUTO_TEST_CASE(every_field_of_facts_and_incidents_is_there_in_the_next_life) {
    auto* store = &of->begin();
    memories kept;
    for (unsigned i = 0; i < 40; ++i) {
        kept.servers.push_back(some.facts(place(i)));
        kept.incidents.push_back(some.incident(place(i)));
        kept.incidents.back().since =
            now_ms() - 1h; // one that nobody looked after for a week may be forgotten
        kept.incidents.back().next_probe = now_ms() + 1h;
        store->keep(kept.servers.back());
        store->keep(kept.incidents.back());
    }
    sort_by_key(kept);
    of->end();
    of->begin();
    const auto found = mine();
    BOOST_TEST(alike(found.servers, kept.servers));
    BOOST_TEST(alike(found.incidents, kept.incidents));
}

BOOST_AUTO_TEST_CASE(the_last_of_a_key_wins) {
    auto* store = &of->begin();
    for (unsigned n = 1; n <= 50; ++n) {
        auto facts = facts_of(place(1));
        facts.worked_key = std::to_string(n);
        store->keep(facts);
        store->keep(incident_of(place(1), n));
        store->keep(incident_of(place(2), n));
        store->forget_incident(place(2));
        store->forget_incident(place(3));
        store->keep(incident_of(place(3), n));
        if (n % 17 == 0) flush(*store);
    }
    of->end();
    of->begin();
    const auto found = mine();
    BOOST_TEST_REQUIRE(found.servers.size() == 1U);
    BOOST_TEST(found.servers[0].worked_key == "50");
    BOOST_TEST_REQUIRE(found.incidents.size() == 2U);
    BOOST_TEST(found.incidents[0].place == place(1));
    BOOST_TEST(found.incidents[0].probes == 50U);
    BOOST_TEST(found.incidents[1].place == place(3));
}

BOOST_AUTO_TEST_CASE(what_is_over_is_not_there_in_the_next_life) {
    of->begin().keep(incident_of(place(1)));
    of->end();
    auto* store = &of->begin();
    BOOST_TEST(mine().incidents.size() == 1U);
    store->forget_incident(place(1));
    of->end();
    of->begin();
    BOOST_TEST(mine().incidents.empty());
}

BOOST_AUTO_TEST_CASE(an_order_is_there_in_the_next_life_and_gets_its_end) {
    auto* store = &of->begin();
    auto first = next_order(0, 1), second = next_order(1, 2);
    BOOST_TEST(keep_order(*store, first));
    BOOST_TEST(keep_order(*store, second));
    second.end = order_end::rate_limited;
    second.not_before = now_ms() + 1h;
    store->end_order(second);
    of->end();
    store = &of->begin();
    BOOST_TEST(alike(mine().orders, std::vector{first, second}));
    // the next life's are told from them, and those of an earlier one can still be ended
    const auto third = next_order(2, 3);
    BOOST_TEST((of->loaded().first_order_id == 0 || of->loaded().first_order_id > second.id));
    BOOST_TEST(keep_order(*store, third));
    first.end = order_end::validation_refused;
    store->end_order(first);
    of->end();
    of->begin();
    BOOST_TEST(alike(mine().orders, std::vector{first, second, third}));
}

BOOST_AUTO_TEST_CASE(an_order_that_is_kept_twice_is_one) {
    auto* store = &of->begin();
    const auto order = next_order(0, 1);
    BOOST_TEST(keep_order(*store, order));
    BOOST_TEST(keep_order(*store, order));
    of->end();
    of->begin();
    BOOST_TEST(alike(mine().orders, std::vector{order}));
}

BOOST_AUTO_TEST_CASE(a_flush_with_nothing_to_write_returns) {
    auto* store = &of->begin();
    flush(*store);
    store->keep(facts_of(place(1)));
    flush(*store);
    flush(*store);
}

namespace {

// One of many that work with the memory at the same time.
asio::awaitable<unsigned> at_work(memory& store, std::string place, order_record order) {
    constexpr unsigned rounds = 10;
    const auto strand = co_await asio::this_coro::executor;
    unsigned wrong = 0;
    for (unsigned n = 1; n <= rounds; ++n) {
        store.keep(incident_of(place, n));
        auto facts = facts_of(place);
        facts.worked_key = std::to_string(n);
        store.keep(facts);
        ++order.id;
        const auto kept = co_await store.keep_order(order);
        wrong += !kept || !kept->kept ||
                 !strand.target<asio::strand<asio::io_context::executor_type>>()->running_in_this_thread();
        order.end = order_end::issued;
        store.end_order(order);
        order.end = order_end::unknown;
        wrong += store.installation_id().size() != 36;
        if (n % 4 == 0) co_await store.flush();
    }
    store.forget_incident(place);
    co_return wrong;
}

} // namespace

BOOST_AUTO_TEST_CASE(many_use_it_at_once_and_resume_where_they_were) {
    constexpr unsigned workers = 8;
    auto& store = of->begin();
    std::vector<std::future<unsigned>> ended;
    for (unsigned i = 0; i < workers; ++i) {
        auto work = at_work(store, place(i), next_order(100 * i, i));
        ended.push_back(
            asio::co_spawn(asio::make_strand(loop.get().get_executor()), std::move(work), asio::use_future));
    }
    for (auto& each : ended)
        BOOST_TEST(each.get() == 0U);
    of->end();
    of->begin();
    const auto found = mine();
    BOOST_TEST(found.incidents.empty());
    BOOST_TEST_REQUIRE(found.servers.size() == workers);
    for (const auto& facts : found.servers)
        BOOST_TEST(facts.worked_key == "10");
    BOOST_TEST_REQUIRE(found.orders.size() == workers * 10);
    for (const auto& order : found.orders)
        BOOST_TEST((order.end == order_end::issued));
}

BOOST_AUTO_TEST_SUITE_END()
