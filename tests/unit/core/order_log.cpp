#include "core/order_log.hpp"

#include <boost/test/unit_test.hpp>

using namespace std::chrono_literals;
using namespace hosting;
using by = order_log::by;

namespace {

const wall_time start = std::chrono::sys_days(std::chrono::year{2026} / 11 / 1);

std::vector<std::uint64_t> ids(const order_log& log, by what, std::string_view text) {
    std::vector<std::uint64_t> out;
    for (const auto* o = log.newest(what, text); o; o = log.older(what, *o))
        out.push_back(o->id);
    return out;
}

using list = std::vector<std::uint64_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(the_order_log)

BOOST_AUTO_TEST_CASE(a_registered_domain_and_its_www_are_one_name) {
    BOOST_TEST(names_of("example.com", "example.com") == "example.com");
    BOOST_TEST(names_of("www.example.com", "example.com") == "example.com");
    BOOST_TEST(names_of("www.a.example.com", "example.com") == "www.a.example.com");
    BOOST_TEST(names_of("wwwxexample.com", "wwwxexample.com") == "wwwxexample.com");
    BOOST_TEST(names_of("www.co.uk", "www.co.uk") == "www.co.uk");
}

BOOST_AUTO_TEST_CASE(orders_are_found_by_server_by_names_and_by_registered_domain) {
    order_log log;
    for (const char* domain : {"example.com", "shop.example.com", "www.example.com", "example.net"})
        (void)log.add("one", domain, start);
    (void)log.add("two", "example.com", start);
    BOOST_TEST((ids(log, by::place, "one") == list{4, 3, 2, 1}));
    BOOST_TEST((ids(log, by::place, "two") == list{5}));
    BOOST_TEST((ids(log, by::names, "example.com") == list{5, 3, 1}));
    BOOST_TEST((ids(log, by::names, "shop.example.com") == list{2}));
    BOOST_TEST((ids(log, by::certificates, "example.com") == list{5, 3, 2, 1}));
    BOOST_TEST(ids(log, by::place, "three").empty());
    BOOST_TEST(ids(log, by::place, "example.com").empty());
}

BOOST_AUTO_TEST_CASE(an_end_takes_an_order_out_of_where_it_does_not_count) {
    order_log log;
    for (int i = 0; i < 5; ++i)
        (void)log.add("one", "example.com", start);
    BOOST_TEST(log.end(3, order_end::not_sent, {}).has_value()); // in the middle, the newest, the oldest
    BOOST_TEST(log.end(5, order_end::rate_limited, {}).has_value());
    BOOST_TEST(log.end(1, order_end::refused, {}).has_value());
    BOOST_TEST((ids(log, by::place, "one") == list{5, 4, 2, 1}));
    BOOST_TEST((ids(log, by::names, "example.com") == list{5, 4, 2, 1}));
    BOOST_TEST((ids(log, by::certificates, "example.com") == list{4, 2}));
}

BOOST_AUTO_TEST_CASE(an_order_ends_once) {
    order_log log;
    const auto added = log.add("one", "www.example.com", start);
    BOOST_TEST((added == order_record{1, "one", "www.example.com", start, order_end::unknown, {}}));
    BOOST_TEST((log.end(1, order_end::unknown, {}) == added));
    const order_record ended{1, "one", "www.example.com", start, order_end::rate_limited, start + 1h};
    BOOST_TEST((log.end(1, order_end::rate_limited, start + 1h) == ended));
    BOOST_TEST(!log.end(1, order_end::issued, {}).has_value());
    BOOST_TEST(!log.end(2, order_end::issued, {}).has_value());
}

BOOST_AUTO_TEST_CASE(ids_go_on_after_a_restart) {
    order_log log;
    log.restore({{7, "one", "b.example", start + 1h, order_end::issued, {}},
                 {9, "one", "c.example", start + 2h, order_end::not_sent, {}},
                 {8, "one", "a.example", start, order_end::unknown, {}}});
    BOOST_TEST((ids(log, by::place, "one") == list{7, 8}));
    BOOST_TEST(!log.end(7, order_end::refused, {}).has_value());
    BOOST_TEST(log.end(8, order_end::issued, {}).has_value());
    BOOST_TEST(log.add("one", "d.example", start + 3h).id == 10U);
}

BOOST_AUTO_TEST_CASE(what_is_old_or_was_not_sent_takes_no_room) {
    order_log log;
    for (int i = 0; i < 100'000; ++i) {
        const wall_time now = start + i * 10min;
        log.settle(now);
        const std::string domain = "site" + std::to_string(i) + ".example.com";
        (void)log.end(log.add("one", domain, now).id, order_end::not_sent, {});
        (void)log.end(log.add("one", domain, now).id, order_end::issued, {});
    }
    BOOST_TEST(log.size() == 8U * 24 * 6);
    BOOST_TEST(ids(log, by::place, "one").size() == log.size());
    log.settle(start + 100'000 * 10min + 8 * 24h);
    BOOST_TEST(log.size() == 0U);
    BOOST_TEST(ids(log, by::place, "one").empty());
}

BOOST_AUTO_TEST_CASE(what_is_told_twice_of_anothers_order_counts_once) {
    order_log log;
    order_record other{std::uint64_t{7} << 32, "one", "example.com", start, order_end::unknown, {}};
    for (const auto how : {order_end::unknown, order_end::unknown, order_end::issued, order_end::issued}) {
        other.end = how;
        log.learn(other, start + 1h);
        BOOST_TEST((ids(log, by::place, "one") == list{other.id}));
        BOOST_TEST((log.newest(by::place, "one")->end == how));
    }
    log.learn({other.id + 1, "one", "example.com", start, order_end::not_sent, {}}, start + 1h);
    BOOST_TEST(log.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_order_of_the_future_happens_now) {
    order_log log;
    for (const auto at : {start, start + 10h, start + 20h})
        (void)log.add("one", "example.com", at);
    log.settle(start + 1h);
    const auto* newest = log.newest(by::place, "one");
    BOOST_TEST((newest->at == start + 1h));
    BOOST_TEST((log.older(by::place, *newest)->at == start + 1h));
    log.settle(start + 20h);
    BOOST_TEST((newest->at == start + 1h));
    BOOST_TEST((ids(log, by::place, "one") == list{3, 2, 1}));
    BOOST_TEST((log.end(3, order_end::issued, {})->at == start + 1h));
}

BOOST_AUTO_TEST_SUITE_END()
